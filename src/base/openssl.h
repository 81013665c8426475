/* openssl.h: how OpenSSL begins and ends in this program. A run of a few milliseconds spends a
 * tenth of them on two things that it has no use for: filling tables with the words of every error
 * there could be, and freeing all tables at the end. */
#pragma once

/* To be called before anything else of OpenSSL is, by main(): no words are loaded, and nothing is
 * freed when the process ends (sessions and keys are, and wiped, by those who own them). */
void openssl_begin(void);

/* Loads the words, at the first call; who is to tell an error's reason calls it first. Where the
 * error was does not matter: errors are numbers until then. May be called from any thread. */
void openssl_load_words(void);
