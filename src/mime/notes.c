/* notes.c: tables of what parts are. */
#include "mime/notes.h"

#include <string.h>

/* The first row that fits counts: the type, and a parameter that contains a word. */
static const struct {
    const char *type, *parameter, *word, *note;
} by_type[] = {
    {"multipart/signed", "protocol", "pgp", "PGP signed"},
    {"multipart/signed", "protocol", "pkcs7", "S/MIME signed"},
    {"multipart/signed", NULL, NULL, "signed"},
    {"multipart/encrypted", "protocol", "pgp", "PGP encrypted: decrypt part 2 with gpg --decrypt"},
    {"multipart/encrypted", NULL, NULL, "encrypted"},
    {"multipart/report", "report-type", "delivery-status", "delivery report"},
    {"multipart/report", "report-type", "disposition", "read receipt"},
    {"application/pkcs7-mime", "smime-type", "enveloped",
     "S/MIME encrypted: decrypt it with openssl cms -decrypt"},
    {"application/pkcs7-mime", "smime-type", "signed", "S/MIME signed; the text is inside"},
    {"application/pkcs7-mime", "smime-type", "certs", "S/MIME certificates"},
    {"application/pkcs7-mime", "smime-type", "compressed", "S/MIME compressed"},
    {"application/pkcs7-mime", NULL, NULL, "S/MIME"},
    {"application/x-pkcs7-mime", NULL, NULL, "S/MIME"},
    {"application/pkcs7-signature", NULL, NULL, "S/MIME signature"},
    {"application/x-pkcs7-signature", NULL, NULL, "S/MIME signature"},
    {"application/pgp-signature", NULL, NULL, "PGP signature"},
    {"application/pgp-encrypted", NULL, NULL, "PGP version"},
    {"application/pgp-keys", NULL, NULL, "PGP keys"},
    {"application/ms-tnef", NULL, NULL, "TNEF: Outlook's container (tnef or ytnef opens it)"},
    {"application/vnd.ms-tnef", NULL, NULL, "TNEF: Outlook's container (tnef or ytnef opens it)"},
    {"message/partial", NULL, NULL, "a fragment of a message"},
    {"message/external-body", NULL, NULL, "the content is elsewhere"},
    {"message/delivery-status", NULL, NULL, "what became of the delivery"},
    {"message/disposition-notification", NULL, NULL, "what became of the message"},
};

static bool fits(const Gmime *g, size_t row, const char *type, GMimeObject *object)
{
    if (strcmp(by_type[row].type, type) != 0) {
        return false;
    }
    if (by_type[row].parameter == NULL) {
        return true;
    }
    const char *value =
        object ? g->g_mime_object_get_content_type_parameter(object, by_type[row].parameter) : NULL;
    g_autofree char *lower = value ? g_ascii_strdown(value, -1) : NULL;
    return lower != NULL && strstr(lower, by_type[row].word) != NULL;
}

char *notes_of_part(const Gmime *g, const char *type, const char *filename, GMimeObject *object)
{
    if (g_strcmp0(type, "message/partial") == 0 && object != NULL) {
        const char *number = g->g_mime_object_get_content_type_parameter(object, "number");
        const char *total = g->g_mime_object_get_content_type_parameter(object, "total");
        return g_strdup_printf("fragment %.20s of %.20s of a message", number ? number : "?",
                               total ? total : "?");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(by_type); i++) {
        if (fits(g, i, type, object)) {
            return g_strdup(by_type[i].note);
        }
    }
    if (filename != NULL && g_ascii_strcasecmp(filename, "winmail.dat") == 0) {
        return g_strdup("TNEF: Outlook's container (tnef or ytnef opens it)");
    }
    return NULL;
}

const char *notes_of_text(Bytes beginning)
{
    static const struct {
        const char *mark, *note;
    } marks[] = {
        {"-----BEGIN PGP MESSAGE-----", "PGP encrypted in the text"},
        {"-----BEGIN PGP SIGNED MESSAGE-----", "PGP signed in the text"},
        {"-----BEGIN PGP PUBLIC KEY BLOCK-----", "a PGP key in the text"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (beginning.len > 0 &&
            memmem(beginning.data, beginning.len, marks[i].mark, strlen(marks[i].mark)) != NULL) {
            return marks[i].note;
        }
    }
    return NULL;
}
