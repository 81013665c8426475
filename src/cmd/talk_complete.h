/* talk_complete.h: Tab: the protocol's commands, the local ones, and file names where a file is
 * wanted. */
#pragma once

#include <histedit.h>

/* Binds Tab. The EditLine's client data is the Talk. */
void talk_complete_install(EditLine *el);
