/* html.h: HTML as text that can be read, piece by piece, in constant memory. Pure; makes no claim
 * to be a browser. */
#pragma once

#include "base/bytes.h"

typedef struct Html Html;
Html *html_new(void);
void html_free(Html *html);
/* UTF-8 in pieces of any size (a character may be split); text is appended to out. Links show where
 * they lead when the text does not say so; scripts, styles and comments are left out; images show
 * their alternative text. */
void html_feed(Html *html, Bytes piece, GString *out);
void html_end(Html *html, GString *out);
/* The character of an entity's name without "&" and ";" ("amp", "#8364", "#x20ac"), or 0. */
gunichar html_entity(Bytes name);
