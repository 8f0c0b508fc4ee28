/** Gives a new button the focus that what it replaces had; from another place it takes none. */

export function focusIfFree(button: HTMLButtonElement | null): void {
  const { activeElement, body } = document;
  if (activeElement === null || activeElement === body) button?.focus();
}
