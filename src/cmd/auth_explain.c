/* auth_explain.c: `postern auth list` and `postern auth explain`: the table of mechanisms for
 * people. */
#include <stdio.h>
#include <string.h>

#include "cmd/auth.h"
#include "cmd/command.h"

#define WIDTH 80

static const char *const strengths[] = {
    [SASL_STRENGTH_DEAD] = "-",    [SASL_STRENGTH_CLEARTEXT] = "cleartext",
    [SASL_STRENGTH_WEAK] = "weak", [SASL_STRENGTH_GOOD] = "good",
    [SASL_STRENGTH_BEST] = "best",
};

static const char *needs(const SaslMechanism *m)
{
    return m->needs_password      ? "password"
           : m->needs_token       ? "token"
           : m->needs_ticket      ? "ticket"
           : m->needs_certificate ? "certificate"
           : m->supported         ? "nothing"
                                  : "-";
}

int auth_list(void)
{
    printf("%-24s %-4s %-9s %-11s %-6s %s\n", "MECHANISM", "HERE", "STRENGTH", "NEEDS", "PROOF",
           "DEFINED IN");
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        printf("%-24s %-4s %-9s %-11s %-6s %s\n", m->name, m->supported ? "yes" : "no",
               strengths[m->strength], needs(m),
               m->proves_server ? "yes"
               : m->supported   ? "no"
                                : "-",
               m->rfc);
    }
    printf("\n"
           "Strongest first, in the order of choice. cleartext: only inside verified TLS.\n"
           "Those without a strength are known and explained, but dead or not spoken here.\n"
           "PROOF: the server proves that it knows the secret too. HERE: Postern can do it.\n"
           "`postern auth explain MECHANISM` tells more.\n");
    return 0;
}

/* Lines of at most WIDTH columns; those after the first indented. */
static void print_wrapped(const char *text, size_t len)
{
    static const int indent = 2;
    int column = 0;
    for (size_t i = 0; i < len;) {
        int word = (int)strcspn(text + i, " \n");
        word = (size_t)word > len - i ? (int)(len - i) : word;
        if (column > 0 && column + 1 + word > WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > 0) {
            putchar(' ');
            column++;
        }
        printf("%.*s", word, text + i);
        column += word;
        i += (size_t)word + 1;
    }
    putchar('\n');
}

static void print_paragraphs(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        putchar('\n');
        print_wrapped(text, len);
        text += len + (text[len] == '\n');
    }
}

int auth_explain(char **args)
{
    GError *error = NULL;
    if (!args[0]) {
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "explain what? Give a mechanism; `postern auth list` names them all");
        return command_fail(error);
    }
    g_autofree char *name = g_strjoinv(" ", args); /* "login command" */
    const SaslMechanism *m = auth_find_mechanism(name, &error);
    if (!m) {
        return command_fail(error);
    }
    g_autofree char *head = g_strdup_printf("%s (%s). %s", m->name, m->rfc, m->verdict);
    print_wrapped(head, strlen(head));
    print_paragraphs(m->explanation);
    return 0;
}
