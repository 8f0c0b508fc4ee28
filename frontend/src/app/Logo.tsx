/** The mark of the product; purely decorative beside its name. */

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-8" aria-hidden="true">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        d="M8.5 13.5v5M13.5 9.5v13M18.5 12v8M23.5 14.5v3"
        fill="none"
        strokeWidth="2.8"
        strokeLinecap="round"
        className="stroke-on-accent"
      />
    </svg>
  );
}
