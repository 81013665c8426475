/* gmime.c: GMime by itself, the measure for bench/mime/run: every message of an mbox parsed, every
 * leaf decoded. */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <stdio.h>

static gint64 octets;

static void decode(GMimeObject *parent, GMimeObject *part, gpointer unused)
{
    (void)parent;
    (void)unused;
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content((GMimePart *)part) : NULL;
    if (content != NULL) {
        GMimeStream *nowhere = g_mime_stream_null_new();
        octets += g_mime_data_wrapper_write_to_stream(content, nowhere);
        g_object_unref(nowhere);
    }
}

int main(int argc, char **argv)
{
    g_mime_init();
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    GMimeStream *stream = g_mime_stream_fs_new(fd);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MBOX);
    unsigned count = 0;
    while (!g_mime_parser_eos(parser)) {
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
        if (message != NULL) {
            g_mime_message_foreach(message, decode, NULL);
            g_object_unref(message);
            count++;
        }
    }
    printf("%u messages, %ld octets\n", count, (long)octets);
    return 0;
}
