/* embedded.c: uuencode and yEnc in a text. */
#include "mime/embedded.h"

typedef struct {
    GString *log, *data;
} Seen;

static void take(void *user, const EmbeddedFile *file, Bytes piece)
{
    Seen *seen = user;
    g_string_append_len(seen->data, piece.data, (gssize)piece.len);
    if (file->ended) {
        g_string_append_printf(seen->log, "%u %s \"%s\" %" G_GUINT64_FORMAT " %s\n", file->number,
                               embedded_word(file->kind), file->name, file->bytes,
                               file->problem ? file->problem : "good");
    }
}

static void check(const char *text, const char *log, const char *data)
{
    for (size_t piece = 1; piece <= 512; piece *= 8) {
        Seen seen = {g_string_new(NULL), g_string_new(NULL)};
        EmbeddedScan *scan = embedded_new(take, &seen);
        for (Bytes rest = bytes_of(text); rest.len > 0; rest = bytes_sub(rest, piece, SIZE_MAX)) {
            embedded_feed(scan, bytes_sub(rest, 0, piece));
        }
        embedded_end(scan);
        embedded_free(scan);
        g_assert_cmpstr(seen.log->str, ==, log);
        g_assert_cmpstr(seen.data->str, ==, data);
        g_string_free(seen.log, TRUE);
        g_string_free(seen.data, TRUE);
    }
}

static void test_uuencode(void)
{
    check("hi\nbegin 644 a b.txt\n%:&5L;&\\*\n`\nend\nbye\n", "1 uuencode \"a b.txt\" 5 good\n",
          "hello");
    check("begin 0644 a\r\n%:&5L;&\\*\r\n`\r\nend\r\n", "1 uuencode \"a\" 5 good\n", "hello");
    check("begin 644 a\n%:&5L;&\\*\n", "1 uuencode \"a\" 5 its end is missing\n", "hello");
    check("begin 644 a\n\001\001\001\n%:&5L;&\\*\n`\nend",
          "1 uuencode \"a\" 5 1 of its lines are broken\n", "hello");
    check("begin the day\nbegin 999 x\nbegin 644\n", "", "");
}

static void test_yenc(void)
{
    /* "hello" shifted by 42. */
    check("=ybegin line=128 size=5 name=h i.txt\r\n\222\217\226\226\231\r\n=yend size=5 "
          "crc32=3610a686\r\n",
          "1 yEnc \"h i.txt\" 5 good\n", "hello");
    check("=ybegin line=128 size=5 name=h\n\222\217\226\226\231\n=yend size=5 crc32=00000001\n",
          "1 yEnc \"h\" 5 its checksum differs\n", "hello");
    check("=ybegin line=128 size=5 name=h\n\222\217\226\n=yend size=5\n",
          "1 yEnc \"h\" 3 it is not as long as it says\n", "hel");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/embedded/uuencode", test_uuencode);
    g_test_add_func("/embedded/yenc", test_yenc);
    return g_test_run();
}
