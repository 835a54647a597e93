// What a page does by itself, without asking the server: relative times, copying, keys, and telling that the connection is lost.
(() => {
  // --- Times -----------------------------------------------------------------------------------------------------------------
  const units = [['day', 86400], ['hour', 3600], ['min', 60], ['s', 1]];
  const relative = seconds => {
    const ahead = seconds < 0;
    const size = Math.abs(seconds);
    if (size < 5) return ahead ? 'now' : 'just now';
    const [unit, width] = units.find(([, width]) => size >= width);
    const count = Math.floor(size / width);
    const text = `${count} ${unit}${unit === 'day' && count > 1 || unit === 'hour' && count > 1 ? 's' : ''}`;
    return ahead ? `in ${text}` : `${text} ago`;
  };
  // How long until then, in two units: what a person waits for.
  const until = seconds => {
    if (seconds < 1) return 'now';
    const at = units.findIndex(([, width]) => seconds >= width);
    const counted = (count, unit) => `${count} ${unit}${count > 1 && (unit === 'day' || unit === 'hour') ? 's' : ''}`;
    const rest = at + 1 < units.length ? Math.floor(seconds % units[at][1] / units[at + 1][1]) : 0;
    return `in ${counted(Math.floor(seconds / units[at][1]), units[at][0])}${rest ? ` ${counted(rest, units[at + 1][0])}` : ''}`;
  };
  const tickTimes = () => {
    for (const element of document.querySelectorAll('time[data-ago]')) {
      const ago = (Date.now() - Date.parse(element.dateTime)) / 1000;
      const text = element.dataset.ago === 'fine' ? until(-ago) : relative(ago);
      // The text node belongs to the page's renderer: it is changed, never replaced.
      if (element.firstChild && element.firstChild.nodeValue !== text) element.firstChild.nodeValue = text;
      if (!element.title) element.title = new Date(element.dateTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
    }
  };
  setInterval(tickTimes, 1000);

  // --- Copying ---------------------------------------------------------------------------------------------------------------
  const copy = async text => {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    // Plain http has no clipboard of its own.
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  };
  addEventListener('click', async event => {
    const button = event.target.closest?.('[data-copy]');
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    await copy(button.dataset.copy);
    button.dataset.copied = '';
    setTimeout(() => delete button.dataset.copied, 1500);
  }, true);

  // --- Keys ------------------------------------------------------------------------------------------------------------------
  const typing = target => target.closest?.('input, textarea, select, [contenteditable=true]');
  const rows = () => [...document.querySelectorAll('[data-row]')].filter(row => row.offsetParent !== null);
  const move = step => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex(row => row.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
    (next.matches('a, button, [tabindex]') ? next : next.querySelector('a, button'))?.focus();
  };
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (typing(event.target)) event.target.blur();
      else if (!document.querySelector('.mud-dialog, .mud-popover-open')) document.querySelector('[data-close]')?.click();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === '/') {
      const search = document.querySelector('[data-search]');
      if (search) { event.preventDefault(); search.focus(); search.select?.(); }
    } else if (event.key === 'j' || event.key === 'k') {
      event.preventDefault();
      move(event.key === 'j' ? 1 : -1);
    }
  });

  // --- Typing ------------------------------------------------------------------------------------------------------------------
  // What is checked while it is typed goes to the server when the typing pauses, or the field is left: whole, and in order with the next click.
  const pause = 200;
  const typed = new Map();
  const tell = field => {
    clearTimeout(typed.get(field));
    if (typed.delete(field)) field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  };
  addEventListener('input', event => {
    const field = event.target;
    if (!event.isTrusted || !field.matches?.('[data-pauses]')) return;
    event.stopImmediatePropagation();
    clearTimeout(typed.get(field));
    typed.set(field, setTimeout(() => tell(field), pause));
  }, true);
  addEventListener('focusout', event => tell(event.target), true);
  addEventListener('keydown', event => { if (event.key === 'Enter') tell(event.target); }, true);

  // --- Connection --------------------------------------------------------------------------------------------------------------
  document.addEventListener('components-reconnect-state-changed', event => {
    const notice = document.getElementById('components-reconnect-modal');
    if (!notice) return;
    const state = event.detail.state;
    document.documentElement.dataset.connection = state === 'hide' ? '' : 'lost';
    notice.hidden = state === 'hide';
    const since = notice.querySelector('[data-as-of]');
    if (state === 'show' && since) since.textContent = new Date().toLocaleTimeString();
    if (state === 'failed') setTimeout(() => Blazor.reconnect().then(again => { if (!again) location.reload(); }, () => {}), 3000);
    // The server no longer knows this page: it was restarted, or the page slept too long.
    if (state === 'rejected') location.reload();
  });

  // --- What the server asks for ----------------------------------------------------------------------------------------------------
  // A menu opens below its button, and stays within the window.
  addEventListener('beforetoggle', event => {
    const menu = event.target;
    if (event.newState !== 'open' || !menu.matches?.('.menu')) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    menu.style.top = `${button.bottom + 4}px`;
    menu.style.left = button.left < innerWidth / 2 ? `${button.left}px` : 'auto';
    menu.style.right = button.left < innerWidth / 2 ? 'auto' : `${Math.max(8, innerWidth - button.right)}px`;
  }, true);

  window.grapnel = {
    closeMenu: menu => menu.hidePopover(),
    ready: () => { document.documentElement.dataset.ready = ''; },
    cookie: (name, value) => {
      document.cookie = `${name}=${encodeURIComponent(value)};path=/;max-age=31536000;samesite=lax${location.protocol === 'https:' ? ';secure' : ''}`;
    },
    zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    focus: selector => document.querySelector(selector)?.focus(),
    download: (name, type, text) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], { type }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
  };
})();
