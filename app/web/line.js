// When a question of the page finds no server, Gradio loads the page anew as soon as there is one: a
// photo, its result and what was typed are gone, after a moment without a network (seen), as a laptop
// has that wakes, for timers ask every few seconds. So the questions that are no work wait for the
// server, and work waits with them. Only a server that was started anew, which knows nothing of what
// the page shows, has it loaded anew.
const WAIT_MS = 2000;
const reach = window.fetch;
let back = null; // a promise while there is no server

// Which server there is; each has another id.
const findServer = async () => {
  try {
    return (await (await reach('gradio_api/app_id')).json()).app_id;
  } catch {
    return undefined;
  }
};

const waitForServer = async () => {
  document.querySelector('#offline')?.classList.add('shown');
  let server;
  while (!server) {
    await new Promise(done => setTimeout(done, WAIT_MS));
    server = await findServer();
  }
  if (server !== window.gradio_config.app_id) {
    location.reload();
    await new Promise(() => {}); // nothing goes on
  }
  document.querySelector('#offline')?.classList.remove('shown');
  back = null;
};

window.fetch = async (input, init) => {
  const { pathname } = new URL(input.url ?? input, location.href);
  const isQuestion = pathname.endsWith('/run/predict');
  if (!isQuestion && !pathname.endsWith('/queue/join')) return reach(input, init);
  for (;;) {
    await back;
    const answer = reach(input.clone?.() ?? input, init);
    if (!isQuestion) return answer; // twice would be done twice
    const { status } = await answer.catch(() => ({ status: 0 }));
    if (status && (status < 502 || status > 504)) return answer; // else a proxy has no server
    back ??= waitForServer();
  }
};
