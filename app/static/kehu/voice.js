/* A voice memo, recorded by the browser as what it can: WebM, MP4 or Ogg. */

const WAYS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
];
const LONGEST = 15 * 60 * 1000; // milliseconds
const QUALITY = 48_000; // bits a second: speech

export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder);

const two = (number) => String(number).padStart(2, "0");

/** «2026-11-30 09.05.07» */
export function stamp(at = new Date()) {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(".");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** Start to record.  `onTime(seconds)` is told each second; the recording has `stop()`, which gives { blob, ending }. */
export async function record(onTime) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [type, ending] = WAYS.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? ["", "webm"];
  const recorder = new MediaRecorder(stream, { ...(type && { mimeType: type }), audioBitsPerSecond: QUALITY });
  const parts = [];
  const begun = Date.now();
  recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  const clock = setInterval(() => {
    onTime(Math.round((Date.now() - begun) / 1000));
    if (Date.now() - begun > LONGEST && recorder.state !== "inactive") recorder.stop();
  }, 500);
  recorder.start(1000);
  return {
    async stop() {
      if (recorder.state !== "inactive") recorder.stop();
      await ended;
      clearInterval(clock);
      for (const track of stream.getTracks()) track.stop();
      return { blob: new Blob(parts, { type: (recorder.mimeType || type).split(";")[0] }), ending };
    },
  };
}

/** «1:05» */
export const clockOf = (seconds) => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
