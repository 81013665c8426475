#include "send/encoded_field.h"

#include <string.h>

#include "mime/compose_header.h"
#include "proto/smtp_text.h"

static bool is_one_of(Bytes name, const char *const *names)
{
    bool found = false;
    for (size_t i = 0; names[i]; i++) {
        found |= bytes_equal_ci(name, names[i]);
    }
    return found;
}

/* RFC 5322 3.6.2, 3.6.3, 3.6.6. */
static const char *const addresses[] = {
    "From",        "Sender",    "Reply-To",      "To", "Cc", "Resent-To",
    "Resent-From", "Resent-Cc", "Resent-Sender", NULL};
static const char *const with_parameters[] = {"Content-Type", "Content-Disposition", NULL};

/* Without the line ends of its folds. The caller frees it. */
static char *unfolded(Bytes value)
{
    char *text = bytes_dup(bytes_trim(value));
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\r' && *from != '\n') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

bool encoded_field(GByteArray *to, const HeaderField *field)
{
    if (!smtp_text_has_eight_bit(field->whole) || is_one_of(field->name, with_parameters)) {
        return false;
    }
    g_autofree char *name = bytes_dup(field->name);
    g_autofree char *value = unfolded(field->value);
    if (!g_utf8_validate(value, -1, NULL)) {
        return false;
    }
    g_autoptr(GString) lines = g_string_new(NULL);
    const char *const lists[] = {value, NULL};
    if (!is_one_of(field->name, addresses)) {
        compose_field(lines, name, value);
    } else if (!compose_address_field(lines, name, lists, NULL)) {
        return false;
    }
    g_autoptr(GByteArray) crlf = smtp_text_normalise(bytes_of(lines->str));
    g_byte_array_append(to, crlf->data, crlf->len);
    return true;
}
