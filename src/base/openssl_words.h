/* openssl_words.h: the words of OpenSSL's errors, which tls_begin() leaves out: filling the tables
 * with every error there could be is a twentieth of a short run. */
#pragma once

/* Loads the words, at the first call; who is to tell an error's reason calls it first. Where the
 * error was does not matter: errors are numbers until then. May be called from any thread. */
void openssl_load_words(void);
