/* What spreadsheets put on the clipboard, as rows of cells: cells are parted by tabs and rows by line ends; a cell that
 * holds one of these, or quotes, stands in quotes, its own quotes doubled (as in RFC 4180).
 */

/** The rows of `text`.  A quote that no cell ends with is a character like any other: 3" pipe. */
export function rowsOf(text) {
  const source = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  const rows = [[]];
  let at = 0;
  for (;;) {
    const quoted = source[at] === '"' ? /^"((?:[^"]|"")*)"(?=[\t\n]|$)/.exec(source.slice(at)) : null;
    const end = quoted ? at + quoted[0].length : at + source.slice(at).search(/[\t\n]|$/);
    rows.at(-1).push(quoted ? quoted[1].replaceAll('""', '"') : source.slice(at, end));
    if (end >= source.length) return rows;
    if (source[end] === "\n") rows.push([]);
    at = end + 1;
  }
}

/** Whether `text` is more than one cell, or one in quotes: what only a spreadsheet copies. */
export function isBlock(text) {
  const rows = rowsOf(text);
  return rows.length > 1 || rows[0].length > 1 || (/[\t\n]/.test(rows[0][0]) && text.startsWith('"'));
}
