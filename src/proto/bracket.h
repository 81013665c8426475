/* bracket.h: response codes in brackets or parentheses in front of a text: "[IN-USE] locked",
 * "(QUOTA/MAXSIZE) too big". Pure. */
#pragma once

#include "base/bytes.h"

enum { BRACKET_CODE_SIZE = 32 };

/* The code's first word in upper case, "" when there is none or it is too long; *ret_args (may be
 * NULL) is what stands behind it inside. Gives what stands behind the bracket; quoted strings
 * inside may hold brackets. */
Bytes bracket_code(Bytes text, char code[BRACKET_CODE_SIZE], Bytes *ret_args);
