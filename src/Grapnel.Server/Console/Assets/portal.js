// Opens a portal: hands the key behind '#' to the server, and goes on without it, so that it stays out of the address and the history.
(async () => {
  const door = document.querySelector('[data-portal-door]');
  const show = state => {
    for (const part of door.querySelectorAll('[data-portal-when]')) part.hidden = part.dataset.portalWhen !== state;
  };
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  const link = location.href;
  if (key) {
    show('opening');
    history.replaceState(null, '', location.pathname + location.search);
  }
  const ask = body => fetch(door.dataset.portalDoor, body
    ? { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    : { headers: { Accept: 'application/json' } });
  try {
    if (key) {
      const opened = await ask({ key });
      if (!opened.ok) return show(opened.status < 500 ? 'refused' : 'failed');
    }
    const kept = await ask();
    if (kept.ok) return location.replace(door.dataset.portalHome);
    if (key) door.querySelector('[data-portal-again]').href = link;
    show(kept.status >= 500 ? 'failed' : key ? 'unkept' : 'none');
  } catch {
    show('failed');
  }
})();
