/* tree.c, content.c, notes.c, defects.c, text.c, save.c: one message, taken apart. */
#include "mime/tree.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "mime/save.h"
#include "mime/source.h"
#include "mime/text.h"

static const char message[] =
    "From: =?utf-8?q?J=C3=BCrgen?= <j@b>\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\n =?utf-8?b?IQ==?=\n"
    "Content-Type: multipart/mixed; boundary=o\n\n"
    "--o\nContent-Type: multipart/alternative; boundary=i\n\n"
    "--i\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: "
    "quoted-printable\n\n"
    "Gr=FC=DFe\n--i\nContent-Type: text/html\n\n<b>no</b>\n--i--\n"
    "--o\nContent-Type: image/png\nContent-Transfer-Encoding: BASE64\n"
    "Content-Disposition: attachment; filename*0*=utf-8''%C3%BC; filename*1=.png\n\naGVsbG8=\n"
    "--o\nContent-Type: message/rfc822\n\nSubject: in\n\ninner\n--o--\n";

static int file_of(const char *text, size_t len)
{
    int fd = mime_nameless_file();
    g_assert_cmpint(write(fd, text, len), ==, len);
    return fd;
}

static MimeTree *parse(int fd, size_t len)
{
    g_autoptr(GError) error = NULL;
    MimeWish wish = {.hash = true, .check = true};
    MimeTree *tree = mime_tree_parse(fd, 0, len, &wish, &error);
    g_assert_no_error(error);
    return tree;
}

static void test_nodes_have_the_numbers_of_imap(void)
{
    int fd = file_of(message, strlen(message));
    g_autoptr(MimeTree) tree = parse(fd, strlen(message));
    static const char *const rows[][2] = {{"", "multipart/mixed"}, {"1", "multipart/alternative"},
                                          {"1.1", "text/plain"},   {"1.2", "text/html"},
                                          {"2", "image/png"},      {"3", "message/rfc822"},
                                          {"3.1", "text/plain"}};
    g_assert_cmpuint(tree->nodes->len, ==, G_N_ELEMENTS(rows));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        g_assert_cmpstr(node->path, ==, rows[i][0]);
        g_assert_cmpstr(node->type, ==, rows[i][1]);
    }
    const MimeNode *image = mime_tree_find(tree, "2");
    g_assert_cmpstr(image->filename, ==, "\303\274.png");
    g_assert_cmpstr(image->cte, ==, "base64");
    g_assert_cmpuint(image->bytes, ==, 5);
    g_assert_cmpstr(image->sha256, ==,
                    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    g_assert_null(mime_tree_find(tree, "4"));
    close(fd);
}

static void test_headers_are_decoded(void)
{
    int fd = file_of(message, strlen(message));
    g_autoptr(MimeTree) tree = parse(fd, strlen(message));
    g_assert_cmpstr(mime_tree_header(tree, "subject"), ==, "Gr\303\274\303\237e!");
    g_assert_cmpstr(mime_tree_header(tree, "From"), ==, "J\303\274rgen <j@b>");
    g_assert_null(mime_tree_header(tree, "Date"));
    close(fd);
}

static bool take(void *user, Bytes piece, GError **error)
{
    (void)error;
    g_string_append_len(user, piece.data, (gssize)piece.len);
    return true;
}

static void test_text_is_the_plainest(void)
{
    int fd = file_of(message, strlen(message));
    g_autoptr(MimeTree) tree = parse(fd, strlen(message));
    g_autoptr(GPtrArray) bodies = mime_text_bodies(tree);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < bodies->len; i++) {
        g_assert_true(mime_text_read(tree, bodies->pdata[i], take, text, NULL));
        g_string_append_c(text, '|');
    }
    g_assert_cmpstr(text->str, ==, "Gr\303\274\303\237e|inner|");
    close(fd);
}

static void test_broken_messages_are_read(void)
{
    static const struct {
        const char *text, *type, *defect;
    } rows[] = {
        {"A: b\nContent-Type: text\n\nx", "text/plain", "no From"},
        {"A: b\nContent-Type: multipart/mixed\n\nx", "multipart/mixed", "boundary"},
        {"A: b\nContent-Type: multipart/mixed; boundary=q\n\nx", "multipart/mixed", "never closed"},
        {"A: b\nContent-Transfer-Encoding: base64\n\na*Gk", "text/plain", "not base64"},
        {"Date: x\nDate: y\nFrom: a@b\n\nx", "text/plain", "2 headers Date"},
        {"A: b\nContent-Type: multipart/signed; protocol=application/pgp-signature\n\nx",
         "multipart/signed", "boundary"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int fd = file_of(rows[i].text, strlen(rows[i].text));
        g_autoptr(MimeTree) tree = parse(fd, strlen(rows[i].text));
        const MimeNode *root = tree->nodes->pdata[0];
        g_assert_cmpstr(root->type, ==, rows[i].type);
        g_autofree char *all =
            g_strjoinv("\n", (char **)(g_ptr_array_add(tree->defects, NULL), tree->defects->pdata));
        g_ptr_array_set_size(tree->defects, (gint)tree->defects->len - 1);
        g_test_message("%s", all);
        g_assert_nonnull(strstr(all, rows[i].defect));
        g_autoptr(GString) content = g_string_new(NULL);
        g_assert_true(content_read(tree->g, root->object, true, take, content, NULL));
        g_assert_cmpuint(content->len, ==, root->bytes);
        close(fd);
    }
}

static void test_saving(void)
{
    int fd = file_of(message, strlen(message));
    g_autoptr(MimeTree) tree = parse(fd, strlen(message));
    g_autofree char *path = g_dir_make_tmp(NULL, NULL);
    g_autoptr(SaveDir) dir = save_dir_open(path, false, NULL);
    static const char *const names[] = {"\303\274.png", "\303\274-2.png"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = NULL;
        uint64_t bytes;
        g_assert_true(save_node(dir, tree, mime_tree_find(tree, "2"), 0, &name, &bytes, NULL));
        g_assert_cmpstr(name, ==, names[i]);
        g_assert_cmpuint(bytes, ==, 5);
        g_autofree char *whole = g_build_filename(path, name, NULL);
        g_autofree char *content = NULL;
        g_assert_true(g_file_get_contents(whole, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "hello");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *whole = g_build_filename(path, names[i], NULL);
        g_unlink(whole);
    }
    g_rmdir(path);
    close(fd);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/numbers", test_nodes_have_the_numbers_of_imap);
    g_test_add_func("/tree/headers", test_headers_are_decoded);
    g_test_add_func("/tree/text", test_text_is_the_plainest);
    g_test_add_func("/tree/broken", test_broken_messages_are_read);
    g_test_add_func("/tree/saving", test_saving);
    return g_test_run();
}
