/* notes.c: what a part is, in words. */
#include "mime/notes.h"

#include "messages.h"

/* The note of the first part of that Content-Type. */
static char *note_of(const char *content_type)
{
    g_autofree char *text = g_strdup_printf("A: b\nContent-Type: %s\n\nx\n", content_type);
    g_auto(Read) read = read_message(bytes_of(text), false);
    return g_strdup(((const MimeNode *)read.tree->nodes->pdata[0])->note);
}

static void test_containers_are_named(void)
{
    static const struct {
        const char *type, *note;
    } rows[] = {
        {"text/plain", NULL},
        {"image/png", NULL},
        {"multipart/signed; protocol=\"application/pgp-signature\"; boundary=b", "PGP signed"},
        {"multipart/signed; protocol=application/x-PKCS7-signature; boundary=b", "S/MIME signed"},
        {"multipart/signed; boundary=b", "signed"},
        {"multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b",
         "PGP encrypted: decrypt part 2 with gpg --decrypt"},
        {"multipart/encrypted; boundary=b", "encrypted"},
        {"multipart/report; report-type=delivery-status; boundary=b", "delivery report"},
        {"multipart/report; report-type=disposition-notification; boundary=b", "read receipt"},
        {"multipart/report; boundary=b", NULL},
        {"application/pkcs7-mime; smime-type=enveloped-data",
         "S/MIME encrypted: decrypt it with openssl cms -decrypt"},
        {"application/pkcs7-mime; smime-type=signed-data", "S/MIME signed; the text is inside"},
        {"application/pkcs7-mime", "S/MIME"},
        {"application/x-pkcs7-signature", "S/MIME signature"},
        {"application/ms-tnef", "TNEF: Outlook's container (tnef or ytnef opens it)"},
        {"application/octet-stream; name=WinMail.dat",
         "TNEF: Outlook's container (tnef or ytnef opens it)"},
        {"message/partial; number=2; total=5", "fragment 2 of 5 of a message"},
        {"message/partial", "fragment ? of ? of a message"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *note = note_of(rows[i].type);
        g_test_message("%s", rows[i].type);
        g_assert_cmpstr(note, ==, rows[i].note);
    }
}

static void test_what_a_fragment_says_of_itself_is_cut(void)
{
    g_autofree char *many = g_strnfill(5000, '9');
    g_autofree char *type = g_strdup_printf("message/partial; number=%s; total=1", many);
    g_autofree char *note = note_of(type);
    g_assert_cmpuint(strlen(note), <, 100);
}

static void test_armour_in_a_text_is_recognised(void)
{
    static const char *const rows[][2] = {
        {"hello\n-----BEGIN PGP MESSAGE-----\n", "PGP encrypted in the text"},
        {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n", "PGP signed in the text"},
        {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "a PGP key in the text"},
        {"-----BEGIN CERTIFICATE-----\n", NULL},
        {"-----BEGIN PGP MESSAGE----", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpstr(notes_of_text(bytes_of(rows[i][0])), ==, rows[i][1]);
    }
    g_assert_null(notes_of_text(BYTES_NONE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notes/containers", test_containers_are_named);
    g_test_add_func("/notes/fragment", test_what_a_fragment_says_of_itself_is_cut);
    g_test_add_func("/notes/armour", test_armour_in_a_text_is_recognised);
    return g_test_run();
}
