/* scram_parse.c: see scram_parse.h. */
#include "sasl/scram_parse.h"

bool scram_attribute(Bytes *rest, char *ret_name, Bytes *ret_value)
{
    if (rest->len < 2 || !g_ascii_isalpha(rest->data[0]) || rest->data[1] != '=') {
        return false;
    }
    *ret_name = rest->data[0];
    gssize comma = bytes_index(*rest, ',');
    size_t end = comma < 0 ? rest->len : (size_t)comma;
    *ret_value = bytes_sub(*rest, 2, end - 2);
    *rest = bytes_sub(*rest, comma < 0 ? end : end + 1, SIZE_MAX);
    return true;
}

static bool expect(Bytes *rest, char name, Bytes *ret_value)
{
    char found;
    return scram_attribute(rest, &found, ret_value) && found == name;
}

static bool is_printable(Bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] <= ' ' || b.data[i] > '~') {
            return false;
        }
    }
    return b.len > 0;
}

bool scram_parse_server_first(Bytes message, ScramServerFirst *ret, GError **error)
{
    if (bytes_starts(message, "m=")) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server demands a SCRAM extension (m=) that Postern does not know");
    }
    Bytes iterations;
    uint64_t count = 0;
    bool complete = expect(&message, 'r', &ret->nonce) && expect(&message, 's', &ret->salt) &&
                    expect(&message, 'i', &iterations);
    if (!complete || !is_printable(ret->nonce) || ret->salt.len == 0) {
        return error_fail(
            error, POSTERN_ERROR_PROTOCOL,
            "the server's first SCRAM message is not of the form r=NONCE,s=SALT,i=COUNT");
    }
    if (!bytes_number(iterations, UINT32_MAX, &count) || count == 0) {
        return error_fail(
            error, POSTERN_ERROR_PROTOCOL,
            "the iteration count of the server's SCRAM message is not a number above 0");
    }
    ret->iterations = (uint32_t)count;
    return true;
}

bool scram_parse_server_final(Bytes message, ScramServerFinal *ret, GError **error)
{
    char name = 0;
    Bytes value = BYTES_NONE;
    *ret = (ScramServerFinal){BYTES_NONE, BYTES_NONE};
    if (!scram_attribute(&message, &name, &value) || value.len == 0 ||
        (name != 'v' && name != 'e')) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's last SCRAM message is neither v=PROOF nor e=ERROR");
    }
    *(name == 'v' ? &ret->verifier : &ret->error) = value;
    return true;
}

static const ScramErrorWords error_words[] = {
    {"invalid-encoding", POSTERN_ERROR_AUTH, "it could not read what was sent"},
    {"extensions-not-supported", POSTERN_ERROR_AUTH,
     "it does not know an extension that was asked for"},
    {"invalid-proof", POSTERN_ERROR_AUTH, "the password is wrong"},
    {"channel-bindings-dont-match", POSTERN_ERROR_INSECURE,
     "its end of the TLS connection is another one than ours: someone stands in between", true},
    {"server-does-support-channel-binding", POSTERN_ERROR_INSECURE,
     "it does offer the -PLUS form, which we were not shown: someone has taken it from the list"},
    {"channel-binding-not-supported", POSTERN_ERROR_AUTH,
     "it cannot bind to the TLS connection: try the form without -PLUS"},
    {"unsupported-channel-binding-type", POSTERN_ERROR_AUTH,
     "it does not know this type of channel binding: try the form without -PLUS", true},
    {"unknown-user", POSTERN_ERROR_AUTH, "it does not know the user"},
    {"invalid-username-encoding", POSTERN_ERROR_AUTH, "it could not read the user name"},
    {"no-resources", POSTERN_ERROR_TEMPFAIL, "it has not the means just now: try later"},
    {"other-error", POSTERN_ERROR_AUTH, "it does not say why"},
    {NULL, POSTERN_ERROR_AUTH, "an error that RFC 5802 does not name"},
};

const ScramErrorWords *scram_error_words(Bytes name)
{
    const ScramErrorWords *row = error_words;
    while (row->name && !bytes_equal(name, bytes_of(row->name))) {
        row++;
    }
    return row;
}
