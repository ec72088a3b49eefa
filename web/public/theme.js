// Before the first paint: the theme that was chosen, so that nothing flashes. Without a choice the system's counts.
try {
  const theme = localStorage.getItem("faas.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme counts.
}
