// Sets the theme before anything is painted. 'auto' follows the system.
(() => {
  // A portal has a choice of its own, and takes one from its link: the page that it is shown within has a theme too.
  const inPortal = location.pathname.startsWith('/portal');
  const key = inPortal ? 'grapnel-portal-theme' : 'grapnel-theme';
  let asked = inPortal ? new URLSearchParams(location.search).get('theme') : null;
  if (!['light', 'dark', 'auto'].includes(asked)) asked = null;
  try { if (asked) localStorage.setItem(key, asked); } catch { /* Holds for this page alone then. */ }
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => { try { return localStorage.getItem(key) || 'auto'; } catch { return asked || 'auto'; } };
  const apply = () => {
    const choice = chosen();
    document.documentElement.dataset.theme = choice === 'auto' ? (system.matches ? 'dark' : 'light') : choice;
    document.documentElement.dataset.themeChoice = choice;
  };
  apply();
  system.addEventListener('change', apply);
  addEventListener('storage', apply);
  addEventListener('click', event => {
    const button = event.target.closest?.('[data-set-theme]');
    if (!button) return;
    try { localStorage.setItem(key, button.dataset.setTheme); } catch { /* A browser that stores nothing keeps the system's theme. */ }
    apply();
  });
})();
