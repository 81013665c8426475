/* talk_line.h: where on a terminal the line being typed stands. Pure, but for asking the terminal
 * how wide it is. */
#pragma once

#include <stddef.h>

/* A cell, counted from where the prompt begins. */
typedef struct {
    int row, column;
} Cell;

/* Where the cursor is once libedit has drawn `len` octets of text from `from` on, in a terminal
 * `width` columns wide: a character two columns wide does not begin in the last one, a tab goes to
 * the next eighth column, and behind the last column the next row begins. */
Cell line_cell(Cell from, const char *text, size_t len, int width);

/* Where the cursor is when it stands before the octet `at` of the text: on the character there, be
 * it that this had to go to the next row. */
Cell line_cursor(Cell from, const char *text, size_t at, size_t len, int width);

/* Columns of the terminal behind the descriptor; 80 when it is none or does not tell. */
int line_terminal_width(int fd);
