// Gradio's server ends a page's stream of answers, and says so in it, when nothing is under way. An
// event that the page sends before it has read that is answered to nobody: the page waits for ever
// (seen on busy machines; a lost packet does it too). So the end counts only when the page waits
// for nothing: else another stream takes the place of the one that ended.
const ask = window.fetch;
const waiting = new Set(); // for the answers to these events
const early = new Set(); // answered before the page was told their number
let asking = 0; // events on their way to the server

const join = async (input, init) => {
  asking++;
  try {
    const answer = await ask(input, init);
    const { event_id } = answer.ok ? await answer.clone().json() : {};
    if (event_id && !early.delete(event_id)) waiting.add(event_id);
    return answer;
  } finally {
    asking--;
  }
};

const isEnd = ({ msg, event_id }) => {
  if (msg === 'process_completed' && !waiting.delete(event_id)) early.add(event_id);
  return msg === 'close_stream';
};

// What a visitor cancels ends for Gradio's server as a success without data. Its page stumbles over
// that and shows an error, for ever if this comes after the answer to Cancel (seen). As a failure
// without a word it is over, and nothing is shown.
const isCancelled = ({ msg, success, output }) =>
  msg === 'process_completed' && success && !output.data;

// Gradio shows nothing of a handler's own failure: whoever pressed the button would wait for ever.
// What works in the queue takes back all that was told; what does not queue, as a timer, its own.
const failing = new Set(); // their numbers; null: what was in the queue
const showBug = (number, isBug) => {
  if (number === null) failing.clear();
  if (isBug) failing.add(number);
  else failing.delete(number);
  document.querySelector('#bug')?.classList.toggle('shown', failing.size > 0);
};

const predict = async (input, init) => {
  const answer = await ask(input, init);
  const { error } = await answer.clone().json().catch(() => ({})); // of a proxy, no JSON
  showBug(JSON.parse(init.body).fn_index, answer.status === 500 && !error);
  return answer;
};

const relay = async (stream, again, page) => {
  let text = '';
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const messages = (text + read.value).split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const said = JSON.parse(message.slice('data:'.length));
      const next = isEnd(said) && (asking || waiting.size) && await again();
      if (next?.ok) return relay(next.body, again, page);
      if (said.msg === 'process_completed') showBug(null, !said.success && said.output?.error === null);
      if (isCancelled(said)) said.success = false;
      await page.write(new TextEncoder().encode(`data: ${JSON.stringify(said)}\n\n`));
    }
  }
  return page.close();
};

window.fetch = async (input, init) => {
  const { pathname } = new URL(input.url ?? input, location.href);
  if (pathname.endsWith('/queue/join')) return join(input, init);
  if (pathname.endsWith('/run/predict')) return predict(input, init);
  if (!pathname.endsWith('/queue/data')) return ask(input, init);
  const again = () => ask(input.clone?.() ?? input, init);
  const answer = await again();
  if (!answer.ok) return answer;
  const { readable, writable } = new TransformStream();
  const page = writable.getWriter();
  relay(answer.body, again, page).catch(error => page.abort(error));
  return new Response(readable, answer);
};
