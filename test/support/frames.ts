/** What is heard before a frame that the test sends last. */
export async function heardBefore<Frame>(
  frames: AsyncIterable<Frame>,
  isLast: (frame: Frame) => boolean,
): Promise<readonly Frame[]> {
  const heard: Frame[] = [];
  for await (const frame of frames) {
    if (isLast(frame)) return heard;
    heard.push(frame);
  }
  throw new Error(`the last frame was not heard, only ${JSON.stringify(heard)}`);
}
