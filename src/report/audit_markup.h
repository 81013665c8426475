/* audit_markup.h: text put into HTML and XML. Internal to report/. */
#pragma once

#include <glib.h>

/* Appends by format, where everything is markup but %s, which stands for text as content or as an
 * attribute's value: control characters shown as escapes, then the markup's own characters; LF
 * stays, and NULL is nothing. What comes out is legal characters of XML 1.0. Only %s and %% are
 * known. */
void markup_format(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
