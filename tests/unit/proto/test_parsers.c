/* The pure parsers of what servers say, one after the other. */
#include <string.h>

#include "proto/code_parse.h"
#include "proto/imap_parse.h"
#include "proto/irc_parse.h"
#include "proto/ldap_parse.h"
#include "proto/mysql_parse.h"
#include "proto/pop3_parse.h"
#include "proto/sieve_parse.h"
#include "proto/tokens.h"
#include "proto/xmpp_parse.h"

static void assert_bytes(Bytes b, const char *expected)
{
    g_autofree char *text = bytes_dup(b);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(b.len, ==, strlen(expected));
}

/* --- three digits --- */

static void test_code_lines(void)
{
    static const struct {
        const char *line;
        bool is, more;
        int code;
        const char *enhanced, *text;
    } cases[] = {
        {"250 2.1.0 Ok", true, false, 250, "2.1.0", "2.1.0 Ok"},
        {"250-SIZE 1", true, true, 250, "", "SIZE 1"},
        {"334", true, false, 334, "", ""},
        {"334 ", true, false, 334, "", ""},
        {"550 5.7.139 no", true, false, 550, "5.7.139", "5.7.139 no"},
        {"250 2.1 x", true, false, 250, "", "2.1 x"},
        {"250 2.1.0.1 x", true, false, 250, "", "2.1.0.1 x"},
        {"250 3.1.0 x", true, false, 250, "", "3.1.0 x"},
        {"250 2..0 x", true, false, 250, "", "2..0 x"},
        {"250 2.1111.0 x", true, false, 250, "", "2.1111.0 x"},
        {"250 22.1.0 x", true, false, 250, "", "22.1.0 x"},
        {"99 x", false, false, 0, "", ""},
        {"099 x", false, false, 0, "", ""},
        {"2500 x", false, false, 0, "", ""},
        {"25x", false, false, 0, "", ""},
        {"", false, false, 0, "", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        CodeLine line;
        g_assert_true(code_parse_line(bytes_of(cases[i].line), &line) == cases[i].is);
        if (cases[i].is) {
            g_assert_cmpint(line.code, ==, cases[i].code);
            g_assert_true(line.more == cases[i].more);
            g_assert_cmpstr(line.enhanced, ==, cases[i].enhanced);
            assert_bytes(line.text, cases[i].text);
        }
    }
}

/* --- POP3 --- */

static void test_pop3_lines(void)
{
    static const struct {
        const char *line;
        Pop3Status status;
        const char *code, *text;
    } cases[] = {
        {"+OK 2 320", POP3_OK, "", "2 320"},
        {"+ok", POP3_OK, "", ""},
        {"-ERR [in-use] locked", POP3_ERR, "IN-USE", "[in-use] locked"},
        {"-ERR [SYS/TEMP]", POP3_ERR, "SYS/TEMP", "[SYS/TEMP]"},
        {"-ERR [unclosed", POP3_ERR, "", "[unclosed"},
        {"+ PDE+", POP3_CONTINUE, "", "PDE+"},
        {"+", POP3_CONTINUE, "", ""},
        {"+OKAY", POP3_NO_STATUS, "", "+OKAY"},
        {"* OK", POP3_NO_STATUS, "", "* OK"},
        {"", POP3_NO_STATUS, "", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Pop3Line line;
        pop3_parse_line(bytes_of(cases[i].line), &line);
        g_assert_cmpint(line.status, ==, cases[i].status);
        g_assert_cmpstr(line.code, ==, cases[i].code);
        assert_bytes(line.text, cases[i].text);
    }
    g_assert_true(pop3_code_temporary("IN-USE") && pop3_code_temporary("SYS/TEMP"));
    g_assert_false(pop3_code_temporary("AUTH") || pop3_code_temporary("SYS/PERM") ||
                   pop3_code_temporary(""));
}

static void test_pop3_body_lines(void)
{
    Bytes plain = BYTES_LITERAL("text"), stuffed = BYTES_LITERAL("..x"), end = BYTES_LITERAL("."),
          empty = BYTES_NONE;
    g_assert_true(pop3_body_line(&plain));
    assert_bytes(plain, "text");
    g_assert_true(pop3_body_line(&stuffed));
    assert_bytes(stuffed, ".x");
    g_assert_true(pop3_body_line(&empty));
    g_assert_false(pop3_body_line(&end));
}

/* --- tokens --- */

static char *all_tokens(Bytes text)
{
    static const char marks[] = {
        [TOKEN_BAD] = '!', [TOKEN_ATOM] = 'a', [TOKEN_QUOTED] = 'q', [TOKEN_LITERAL] = 'l'};
    GString *out = g_string_new(NULL);
    Tokens tokens = tokens_of(text);
    for (Token token = token_next(&tokens); token.kind != TOKEN_END; token = token_next(&tokens)) {
        g_autofree char *value = token_text(token);
        if (token.kind == TOKEN_OPEN || token.kind == TOKEN_CLOSE) {
            g_string_append_c(out, token.kind == TOKEN_OPEN ? '(' : ')');
        } else {
            g_string_append_printf(out, "%c<%s>", marks[token.kind], value);
        }
        if (token.kind == TOKEN_BAD) {
            break;
        }
    }
    return g_string_free(out, FALSE);
}

static void test_tokens(void)
{
    static const struct {
        const char *text, *tokens;
    } cases[] = {
        {"", ""},
        {"FLAGS (\\Seen \"a b\") NIL 12", "a<FLAGS>(a<\\Seen>q<a b>)a<NIL>a<12>"},
        {"BODY[HEADER.FIELDS (FROM \"TO\")]<0> {3}\r\na)b x",
         "a<BODY[HEADER.FIELDS (FROM \"TO\")]<0>>l<a)b>a<x>"},
        {"\"a\\\"b\\\\\"", "q<a\"b\\>"},
        {"~{2}\r\nxy", "l<xy>"},
        {"{2+}\nxy", "l<xy>"},
        {"{1}\r\n ", "l< >"},
        {"{3}\r\nxy", "!<>"},
        {"{99999999999999999999}\r\nx", "!<>"},
        {"{x}\r\n", "!<>"},
        {"{3", "!<>"},
        {"\"open", "!<>"},
        {"\"open\\", "!<>"},
        {"BODY[", "!<>"},
        {"~x", "a<~x>"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *tokens = all_tokens(bytes_of(cases[i].text));
        g_assert_cmpstr(tokens, ==, cases[i].tokens);
    }
}

static void test_literals_announced(void)
{
    static const struct {
        const char *line;
        bool is, sync;
        uint64_t octets;
    } cases[] = {{"a {12}", true, true, 12}, {"{0+}", true, false, 0},
                 {"x~{5}", true, true, 5},   {"{}", false, false, 0},
                 {"{+}", false, false, 0},   {"12}", false, false, 0},
                 {"{-1}", false, false, 0},  {"{4294967296}", false, false, 0},
                 {"{5} ", false, false, 0},  {"{4294967295}", true, true, UINT32_MAX}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t octets = 0;
        bool sync = false;
        g_assert_true(token_literal_announced(bytes_of(cases[i].line), &octets, &sync) ==
                      cases[i].is);
        if (cases[i].is) {
            g_assert_cmpuint(octets, ==, cases[i].octets);
            g_assert_true(sync == cases[i].sync);
        }
    }
}

/* --- IMAP --- */

static void test_imap_responses(void)
{
    ImapResponse r;
    imap_parse_response(BYTES_LITERAL("* OK [CAPABILITY IMAP4rev1 X] hi"), &r);
    g_assert_true(r.kind == IMAP_UNTAGGED && r.status == IMAP_OK);
    g_assert_cmpstr(r.code, ==, "CAPABILITY");
    assert_bytes(r.code_args, "IMAP4rev1 X");
    assert_bytes(r.text, "hi");
    imap_parse_response(BYTES_LITERAL("a1 no [unavailable] later"), &r);
    g_assert_true(r.kind == IMAP_TAGGED && r.status == IMAP_NO && imap_code_temporary(r.code));
    assert_bytes(r.tag, "a1");
    imap_parse_response(BYTES_LITERAL("* 23 FETCH (UID 5)"), &r);
    g_assert_true(r.kind == IMAP_UNTAGGED && r.status == IMAP_DATA && r.has_number &&
                  r.number == 23);
    assert_bytes(r.word, "FETCH");
    assert_bytes(r.rest, "(UID 5)");
    imap_parse_response(BYTES_LITERAL("+"), &r);
    g_assert_true(r.kind == IMAP_CONTINUE && r.text.len == 0);
    imap_parse_response(BYTES_LITERAL("* PREAUTH"), &r);
    g_assert_true(r.status == IMAP_PREAUTH);
    static const char *const garbage[] = {"",         "*",        "* ",    "a1",
                                          "a1 FETCH", "a(1 OK x", "+a OK", "220 mail"};
    for (size_t i = 0; i < G_N_ELEMENTS(garbage); i++) {
        imap_parse_response(bytes_of(garbage[i]), &r);
        g_assert_cmpint(r.kind, ==, IMAP_GARBAGE);
    }
}

static void test_bracket_codes(void)
{
    char code[BRACKET_CODE_SIZE];
    Bytes args;
    assert_bytes(bracket_code(BYTES_LITERAL("[BADCHARSET (\"a]\" b)] text"), code, &args), "text");
    g_assert_cmpstr(code, ==, "BADCHARSET");
    assert_bytes(args, "(\"a]\" b)");
    assert_bytes(bracket_code(BYTES_LITERAL("(QUOTA/MAXSIZE) \"x\""), code, NULL), "\"x\"");
    g_assert_cmpstr(code, ==, "QUOTA/MAXSIZE");
    assert_bytes(bracket_code(BYTES_LITERAL("[] x"), code, NULL), "x");
    g_assert_cmpstr(code, ==, "");
    assert_bytes(
        bracket_code(BYTES_LITERAL("[A-CODE-LONGER-THAN-ANYTHING-SENSIBLE-IS] x"), code, NULL),
        "x");
    g_assert_cmpstr(code, ==, "");
    assert_bytes(bracket_code(BYTES_LITERAL("[\"\\"), code, NULL), "[\"\\");
}

/* --- ManageSieve --- */

static void test_sieve_responses(void)
{
    SieveResponse r;
    sieve_parse_response(BYTES_LITERAL("\"SASL\" \"PLAIN LOGIN\""), &r);
    g_assert_cmpint(r.status, ==, SIEVE_DATA);
    assert_bytes(r.first.text, "SASL");
    assert_bytes(r.second.text, "PLAIN LOGIN");
    sieve_parse_response(BYTES_LITERAL("NO (TRYLATER) {3}\r\nbad"), &r);
    g_assert_cmpint(r.status, ==, SIEVE_NO);
    g_assert_cmpstr(r.code, ==, "TRYLATER");
    assert_bytes(r.first.text, "bad");
    sieve_parse_response(BYTES_LITERAL("OK (SASL \"cnNwYXV0aA==\")"), &r);
    g_assert_cmpint(r.status, ==, SIEVE_OK);
    assert_bytes(r.code_args, "\"cnNwYXV0aA==\"");
    static const char *const garbage[] = {"", "OKAY", "220 x", "\"open", "\"a\" \"open"};
    for (size_t i = 0; i < G_N_ELEMENTS(garbage); i++) {
        sieve_parse_response(bytes_of(garbage[i]), &r);
        g_assert_cmpint(r.status, ==, SIEVE_GARBAGE);
    }
}

/* --- IRC --- */

static void test_irc_messages(void)
{
    IrcMessage m;
    g_assert_true(irc_parse(BYTES_LITERAL("@a=b :irc.example.org CAP * LS :tls sasl"), &m));
    assert_bytes(m.source, "irc.example.org");
    assert_bytes(m.command, "CAP");
    g_assert_cmpuint(m.count, ==, 3);
    assert_bytes(irc_last(&m), "tls sasl");
    g_assert_true(irc_parse(BYTES_LITERAL("PING x"), &m));
    assert_bytes(irc_last(&m), "x");
    g_assert_true(irc_parse(BYTES_LITERAL("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"), &m));
    g_assert_cmpuint(m.count, ==, IRC_PARAMS_MAX);
    assert_bytes(irc_last(&m), "15 16");
    g_assert_false(irc_parse(BYTES_LITERAL(":only.source"), &m));
    g_assert_false(irc_parse(BYTES_NONE, &m));
}

/* --- XMPP --- */

static void test_xmpp_tags(void)
{
    XmppTag tag;
    xmpp_parse_tag(BYTES_LITERAL(" <stream:features xmlns:stream='http://x' a = \"b'c\">"), &tag);
    g_assert_cmpint(tag.kind, ==, XMPP_OPEN);
    assert_bytes(tag.name, "features");
    xmpp_parse_tag(BYTES_LITERAL("PLAIN</mechanism>"), &tag);
    g_assert_cmpint(tag.kind, ==, XMPP_CLOSE);
    assert_bytes(tag.text, "PLAIN");
    xmpp_parse_tag(BYTES_LITERAL("<proceed xmlns='u'/>"), &tag);
    g_assert_cmpint(tag.kind, ==, XMPP_EMPTY);
    xmpp_parse_tag(BYTES_LITERAL("<?xml version='1.0'?>"), &tag);
    g_assert_cmpint(tag.kind, ==, XMPP_PROLOGUE);
    static const char *const bad[] = {"<>", "text>", "<!-- c -->", "<!DOCTYPE x>", "</>", "< a>"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        xmpp_parse_tag(bytes_of(bad[i]), &tag);
        g_assert_cmpint(tag.kind, ==, XMPP_BAD);
    }
    g_assert_true(xmpp_tag_unfinished(BYTES_LITERAL("<a id='x>")));
    g_assert_false(xmpp_tag_unfinished(BYTES_LITERAL("it's<a id='x>y'>")));
}

/* --- LDAP --- */

static void test_ldap_messages(void)
{
    static const char good[] = "\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x02\x04\x00\x04\x03nope";
    Bytes message = {good, 17};
    LdapResponse r;
    uint64_t total;
    g_assert_true(ldap_message_length(bytes_sub(message, 0, 2), &total));
    g_assert_cmpuint(total, ==, 17);
    g_assert_true(ldap_message_length(bytes_sub(message, 0, 1), &total));
    g_assert_cmpuint(total, ==, 0);
    g_assert_true(ldap_message_length((Bytes){"\x30\x82\x01\x00", 4}, &total));
    g_assert_cmpuint(total, ==, 4 + 256);
    g_assert_false(ldap_message_length((Bytes){"\x30\x80", 2}, &total)); /* indefinite */
    g_assert_false(ldap_message_length((Bytes){"\x30\x85", 2}, &total));
    g_assert_false(ldap_message_length((Bytes){"2", 1}, &total));
    g_assert_true(ldap_parse_extended(message, &r));
    g_assert_cmpint(r.result, ==, 2);
    g_assert_cmpuint(r.id, ==, 1);
    assert_bytes(r.words, "nop");
    for (size_t len = 0; len < 17; len++) {
        g_assert_false(ldap_parse_extended(bytes_sub(message, 0, len), &r));
    }
}

/* --- MySQL --- */

static void test_mysql_greetings(void)
{
    static const char hello[] = "\x0a"
                                "10.11\0\1\0\0\0"
                                "12345678\0\xfe\xff\x2d\2\0\xff\xc1";
    MysqlGreeting g;
    g_assert_true(mysql_parse_greeting((Bytes){hello, sizeof hello - 1}, &g));
    assert_bytes(g.version, "10.11");
    g_assert_cmphex(g.capabilities, ==, 0xc1fffffe);
    g_assert_true(g.capabilities & MYSQL_CLIENT_SSL);
    g_assert_cmpuint(g.charset, ==, 0x2d);
    g_assert_true(mysql_parse_greeting((Bytes){"\xff\x69\x04#08S01blocked", 16}, &g));
    g_assert_true(g.is_error);
    g_assert_cmpuint(g.error_code, ==, 1129);
    assert_bytes(g.words, "blocked");
    for (size_t len = 0; len < 22; len++) {
        g_assert_false(
            mysql_parse_greeting(bytes_sub((Bytes){hello, sizeof hello - 1}, 0, len), &g));
    }
    g_assert_false(mysql_parse_greeting((Bytes){"\xff\x69", 2}, &g));
    g_assert_false(mysql_parse_greeting((Bytes){"\x09x\0", 3}, &g));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parsers/code-lines", test_code_lines);
    g_test_add_func("/parsers/pop3-lines", test_pop3_lines);
    g_test_add_func("/parsers/pop3-body-lines", test_pop3_body_lines);
    g_test_add_func("/parsers/tokens", test_tokens);
    g_test_add_func("/parsers/literals-announced", test_literals_announced);
    g_test_add_func("/parsers/imap-responses", test_imap_responses);
    g_test_add_func("/parsers/bracket-codes", test_bracket_codes);
    g_test_add_func("/parsers/sieve-responses", test_sieve_responses);
    g_test_add_func("/parsers/irc-messages", test_irc_messages);
    g_test_add_func("/parsers/xmpp-tags", test_xmpp_tags);
    g_test_add_func("/parsers/ldap-messages", test_ldap_messages);
    g_test_add_func("/parsers/mysql-greetings", test_mysql_greetings);
    return g_test_run();
}
