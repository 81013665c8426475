/* flowed.c: RFC 3676, section 4. */
#include "mime/flowed.h"

#include <string.h>

/* Deeper quoting is shown as that deep. */
#define DEPTH_MAX 100

/* Section 4.3: never part of a paragraph. */
static const char signature[] = "-- ";

struct Flowed {
    bool delsp;
    bool in_text;        /* past the quotes and the stuffed blank */
    unsigned depth;      /* of this line */
    unsigned held;       /* octets at its beginning that may become a signature's */
    bool begun;          /* something of it was given out */
    bool blank;          /* its last octet so far is a blank, not given out yet */
    bool open;           /* the line before was broken: a paragraph goes on */
    unsigned open_depth; /* of that one */
};

Flowed *flowed_new(bool delsp)
{
    Flowed *f = g_new0(Flowed, 1);
    f->delsp = delsp;
    return f;
}

void flowed_free(Flowed *f)
{
    g_free(f);
}

/* Ends the paragraph before unless this line goes on with it. */
static void begin_line(Flowed *f, bool may_join, GString *out)
{
    bool joins = f->open && may_join && f->open_depth == f->depth;
    f->begun = true;
    if (joins) {
        return;
    }
    if (f->open) {
        g_string_append_c(out, '\n'); /* section 4.5: broken, but nothing of its depth follows */
    }
    for (unsigned i = 0; i < f->depth; i++) {
        g_string_append_c(out, '>');
    }
    if (f->depth > 0) {
        g_string_append_c(out, ' ');
    }
}

static void give(Flowed *f, char octet, GString *out)
{
    if (!f->begun) {
        begin_line(f, true, out);
    }
    if (f->blank) {
        g_string_append_c(out, ' ');
    }
    f->blank = octet == ' ';
    if (!f->blank) {
        g_string_append_c(out, octet);
    }
}

static void give_held(Flowed *f, GString *out)
{
    unsigned n = f->held;
    f->held = 0;
    for (unsigned i = 0; i < n; i++) {
        give(f, signature[i], out);
    }
}

static void take_text(Flowed *f, char octet, GString *out)
{
    bool may_be = !f->begun && f->held < strlen(signature) && octet == signature[f->held];
    if (may_be) {
        f->held++;
        return;
    }
    give_held(f, out);
    give(f, octet, out);
}

static void end_line(Flowed *f, GString *out)
{
    bool is_signature = f->held == strlen(signature);
    if (is_signature) {
        begin_line(f, false, out);
    }
    give_held(f, out);
    bool broken = f->blank && !is_signature;
    if (!f->begun) {
        begin_line(f, true, out);
    }
    if (f->blank && !(broken && f->delsp)) {
        g_string_append_c(out, ' ');
    }
    if (!broken) {
        g_string_append_c(out, '\n');
    }
    *f = (Flowed){.delsp = f->delsp, .open = broken, .open_depth = f->depth};
}

static void take(Flowed *f, char octet, GString *out)
{
    if (octet == '\n') {
        end_line(f, out);
    } else if (!f->in_text && octet == '>') {
        f->depth = MIN(f->depth + 1, DEPTH_MAX);
    } else if (!f->in_text && octet == ' ') {
        f->in_text = true; /* the stuffed blank (section 4.4) */
    } else {
        f->in_text = true;
        take_text(f, octet, out);
    }
}

void flowed_feed(Flowed *f, Bytes piece, GString *out)
{
    for (size_t i = 0; i < piece.len; i++) {
        take(f, piece.data[i], out);
    }
}

void flowed_end(Flowed *f, GString *out)
{
    bool within = f->in_text || f->depth > 0;
    if (within || f->open) {
        end_line(f, out);
    }
    if (f->open) {
        g_string_append_c(out, '\n');
        f->open = false;
    }
}
