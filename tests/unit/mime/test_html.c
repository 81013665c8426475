/* html.c: HTML as text, however it is cut into pieces. */
#include "mime/html.h"

#include <string.h>

static char *reduce(const char *text, size_t piece)
{
    Html *html = html_new();
    GString *out = g_string_new(NULL);
    Bytes rest = bytes_of(text);
    while (rest.len > 0) {
        html_feed(html, bytes_sub(rest, 0, piece), out);
        rest = bytes_sub(rest, piece, SIZE_MAX);
    }
    html_end(html, out);
    html_free(html);
    return g_string_free(out, FALSE);
}

static void test_elements(void)
{
    static const struct {
        const char *html, *text;
    } rows[] = {
        {"<p>one</p><p>two</p>", "one\n\ntwo\n"},
        {"a<br>b<br/>c", "a\nb\nc\n"},
        {"  a \n  b  ", "a b\n"},
        {"<b>bo</b>ld", "bold\n"},
        {"<ul><li>x<li>y</ul>", "* x\n* y\n"},
        {"<ol><li>x</li><li>y</li></ol>z", "1. x\n2. y\n\nz\n"},
        {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"},
        {"<pre>a\n  b</pre>", "a\n  b\n"},
        {"<blockquote>q</blockquote>r", "> q\n\nr\n"},
        {"<a href=\"http://x/?a=1&amp;b\">t</a>.", "t <http://x/?a=1&b>.\n"},
        {"<a href=\"http://x/\">http://x/</a>", "http://x/\n"},
        {"<a href='mailto:a@b'>a@b</a>", "a@b\n"},
        {"<img src=x alt=\"a picture\">", "[a picture]\n"},
        {"<style>p{}</style><script>if (a<b) x('</p>')</script>t", "t\n"},
        {"<!-- no > -- -->yes<!-->", "yes\n"},
        {"<title>no</title>t", "t\n"},
        {"&lt;&amp;&#8364;&#x20AC;&nope;&auml", "<&\342\202\254\342\202\254&nope;\303\244\n"},
        {"a &nbsp; b 1 < 2", "a b 1 < 2\n"},
        {"<h1>T</h1>text<hr>end", "T\n\ntext\n----------------------------------------\nend\n"},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t piece = 1; piece <= 64; piece *= 8) {
            g_autofree char *text = reduce(rows[i].html, piece);
            g_assert_cmpstr(text, ==, rows[i].text);
        }
    }
}

static void test_entities(void)
{
    g_assert_cmpuint(html_entity(BYTES_LITERAL("szlig")), ==, 0xdf);
    g_assert_cmpuint(html_entity(BYTES_LITERAL("#65")), ==, 'A');
    g_assert_cmpuint(html_entity(BYTES_LITERAL("#xd800")), ==, 0);
    g_assert_cmpuint(html_entity(BYTES_LITERAL("#0")), ==, 0);
    g_assert_cmpuint(html_entity(BYTES_LITERAL("#99999999")), ==, 0);
    g_assert_cmpuint(html_entity(BYTES_LITERAL("#")), ==, 0);
}

static void test_an_attribute_without_end_does_not_grow(void)
{
    g_autoptr(GString) html = g_string_new("<a href=\"");
    for (int i = 0; i < 100000; i++) {
        g_string_append(html, "text ");
    }
    g_autofree char *text = reduce(html->str, 4096);
    g_assert_nonnull(strstr(text, "text text"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html/elements", test_elements);
    g_test_add_func("/html/entities", test_entities);
    g_test_add_func("/html/endless", test_an_attribute_without_end_does_not_grow);
    return g_test_run();
}
