/* transcript_format.h: what the writer and the reader of transcripts share: the words of the JSON
 * form and the text form. */
#pragma once

#include "proto/wire.h"

typedef struct {
    WireEventKind kind;
    bool outward, inward, payload;
    const char *dir;       /* the JSON form's word */
    const char *milestone; /* the word of the comment above it in the text form, or NULL */
} TranscriptKind;

extern const TranscriptKind transcript_kinds[];
extern const size_t transcript_kind_count;

/* Never NULL. */
const TranscriptKind *transcript_kind(WireEventKind kind);

/* What stands for a secret. */
#define TRANSCRIPT_MASK "*****"
