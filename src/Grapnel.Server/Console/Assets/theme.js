// Sets the theme before anything is painted. 'auto' follows the system.
(() => {
  const key = 'grapnel-theme';
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => { try { return localStorage.getItem(key) || 'auto'; } catch { return 'auto'; } };
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
