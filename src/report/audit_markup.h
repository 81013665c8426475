/* audit_markup.h: text put into HTML and XML. Internal to report/. */
#pragma once

#include <glib.h>

/* Appends text as content or as an attribute's value: control characters shown as escapes, then the
 * markup's own characters. LF stays. What comes out is a legal character of XML 1.0. NULL appends
 * nothing. */
void markup_text(GString *out, const char *text);
/* Appends by format, where %s stands for text (markup_text), and everything else is markup. Only %s
 * and %% are known. */
void markup_format(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
