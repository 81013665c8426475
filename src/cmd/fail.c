/* What a command says when it cannot go on. */
#include <stdio.h>

#include "base/escape.h"
#include "cmd/command.h"

int command_fail(GError *error)
{
    int status = error_exit_status(error);
    if (!error) {
        return status;
    }
    /* What was said on standard output before comes first. */
    fflush(stdout);
    g_autofree char *text = escape_text(bytes_of(error->message));
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **line = lines; *line; line++) {
        bool first = line == lines;
        bool indented = first || **line == ' ' || **line == '\0';
        fprintf(stderr, "%s%s%s\n", first ? "postern: " : "", indented ? "" : "  ", *line);
    }
    g_error_free(error);
    return status;
}
