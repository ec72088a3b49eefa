// Icons as inline SVG, 16 px on a grid of 16, drawn with the colour of the text.
const paths = {
  functions: "M3 3.5h10M3 8h10M3 12.5h6",
  deploy: "M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10v2.5a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1V10",
  alerts: "M4 6.7a4 4 0 0 1 8 0c0 3 1.5 4.3 1.5 4.3h-11S4 9.7 4 6.7ZM6.7 13.3a1.4 1.4 0 0 0 2.6 0",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.3v1.4M8 13.3v1.4M1.3 8h1.4M13.3 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M3.3 12.7l1-1M11.7 4.3l1-1",
  moon: "M13.3 9.8A5.6 5.6 0 0 1 6.2 2.7 5.6 5.6 0 1 0 13.3 9.8Z",
  out: "M6 13.5H3.5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1H6M10.5 11l3-3-3-3M13.3 8H6",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3l3.4 3.4",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  check: "M3 8.5l3.2 3.2L13 4.8",
  warn: "M8 2.2 14.3 13.2H1.7ZM8 6.5v3M8 11.3v.2",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 7.3v3.7M8 4.9v.2",
  frozen: "M8 1.5v13M2.4 4.750l11.2 6.5M13.6 4.750 2.4 11.250M6.3 2.7 8 4.2l1.7-1.5M6.3 13.3 8 11.8l1.7 1.5",
  plus: "M8 3v10M3 8h10",
  bin: "M2.5 4.3h11M6 4V2.5h4V4M4 4.5l.6 9h6.8l.6-9M6.6 7v4M9.4 7v4",
  edit: "M10.8 2.8l2.4 2.4L5.7 12.7l-3.1.7.7-3.1Z",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.8v10.4L13 8Z",
  link: "M9.5 2.5h4v4M13.3 2.7 7.5 8.5M11.5 9.5v3.5h-8.5v-8.5h3.5",
  up: "M8 12.5v-9M4.5 7 8 3.5 11.5 7",
  down: "M8 3.5v9M4.5 9 8 12.5 11.5 9",
  back: "M9.8 3.5 5.3 8l4.5 4.5",
  scale: "M3 13.5v-4M8 13.5v-7M13 13.5v-11",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor"
      stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <rect x="7" y="17" width="4" height="8" rx="1.5" fill="#fff" opacity=".65" />
      <rect x="14" y="12" width="4" height="13" rx="1.5" fill="#fff" opacity=".85" />
      <rect x="21" y="7" width="4" height="18" rx="1.5" fill="#fff" />
    </svg>
  );
}
