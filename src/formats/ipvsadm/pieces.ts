const pieceLength = 65_536;

/** Joins lines to pieces that are worth writing, and do not grow with what there is to write. */
export function* inPieces(lines: Iterable<string>): Generator<string, undefined> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
