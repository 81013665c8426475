/* grammar.h: the families of dialogues that dialogue.c follows. The rows of protos.h point at them.
 */
#pragma once

struct DialogueGrammar;

extern const struct DialogueGrammar grammar_smtp, grammar_lmtp, grammar_ftp,
    grammar_nntp;                                  /* grammar_code.c */
extern const struct DialogueGrammar grammar_pop3;  /* grammar_pop3.c */
extern const struct DialogueGrammar grammar_imap;  /* grammar_imap.c */
extern const struct DialogueGrammar grammar_sieve; /* grammar_sieve.c */
extern const struct DialogueGrammar grammar_irc;   /* grammar_irc.c */
