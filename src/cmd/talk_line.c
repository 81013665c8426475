/* talk_line.c: where on a terminal the line being typed stands. */
#include "cmd/talk_line.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <wchar.h>

#define TAB_COLUMNS 8
#define WIDTH_DEFAULT 80

static Cell next_row(Cell cell)
{
    return (Cell){cell.row + 1, 0};
}

static Cell put_columns(Cell cell, int columns, int width)
{
    if (columns > 1 && cell.column + columns > width) {
        cell = next_row(cell);
    }
    cell.column += columns;
    return cell.column >= width ? next_row(cell) : cell;
}

static Cell put_tab(Cell cell, int width)
{
    do {
        cell = put_columns(cell, 1, width);
    } while (cell.column % TAB_COLUMNS != 0);
    return cell;
}

Cell line_cell(Cell from, const char *text, size_t len, int width)
{
    mbstate_t state = {0};
    Cell cell = from;
    while (len > 0) {
        wchar_t c = 0;
        size_t n = mbrtowc(&c, text, len, &state);
        if (n == 0 || n > len) {
            break;
        }
        int columns = wcwidth(c);
        if (c == L'\t') {
            cell = put_tab(cell, width);
        } else if (c < L' ' || c == 0x7f) { /* ^X */
            cell = put_columns(put_columns(cell, 1, width), 1, width);
        } else {
            cell = put_columns(cell, MAX(columns, 0), width);
        }
        text += n;
        len -= n;
    }
    return cell;
}

Cell line_cursor(Cell from, const char *text, size_t at, size_t len, int width)
{
    mbstate_t state = {0};
    wchar_t c = 0;
    Cell cell = line_cell(from, text, at, width);
    size_t n = at < len ? mbrtowc(&c, text + at, len - at, &state) : 0;
    bool wide = n > 0 && n <= len - at && wcwidth(c) > 1;
    return wide && cell.column + wcwidth(c) > width ? next_row(cell) : cell;
}

int line_terminal_width(int fd)
{
    struct winsize size = {0};
    bool told = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return told ? size.ws_col : WIDTH_DEFAULT;
}
