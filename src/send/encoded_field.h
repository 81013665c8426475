/* encoded_field.h: fields that programs leave as raw UTF-8, encoded (RFC 2047), so that the message
 * needs no SMTPUTF8 on its way. Pure. */
#pragma once

#include "send/header.h"

/* Appends the field, encoded. False when it stays as it is: it is ASCII, is no UTF-8, or has
 * parameters, in which nothing may be encoded so. */
bool encoded_field(GByteArray *to, const HeaderField *field);
