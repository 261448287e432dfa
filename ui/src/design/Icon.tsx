// The icons of the pages: drawn as paths in a 16 px box, hidden from screen readers.
const PATHS = {
  overview: 'M2.500 2.500h4.500v4.500h-4.500zM9 2.500h4.500v4.500h-4.500zM2.500 9h4.500v4.500h-4.500zM9 9h4.500v4.500h-4.500z',
  model: 'M2 8h12M10.500 4.500 14 8l-3.500 3.500M2 4.500v7',
  features: 'M2.500 4h11M2.500 8h11M2.500 12h11M5 2.500v3M10.500 6.500v3M7 10.500v3',
  inference: 'M2 8.500h3l2-5 3 9 1.800-4H14',
  decision: 'M8 2v4M8 6 3.500 10.500V14M8 6l4.500 4.500V14',
  feedback: 'M13.500 8a5.500 5.500 0 1 1-1.700-4M12 1.500V4.200H9.300',
  compare: 'M5.500 2.500v11M10.500 2.500v11M2.500 5.500 5.500 2.500M13.500 10.500l-3 3',
  events: 'M5 4h9M5 8h9M5 12h9M2 4h.01M2 8h.01M2 12h.01',
  spec: 'M4 1.800h5.500L12.500 5v9.200H4zM9.300 2v3.200h3.200M6 8h4.500M6 10.800h4.500',
  status: 'M2 11.500a6 6 0 1 1 12 0M8 11.500l3-4',
  docs: 'M2.500 3h4A1.500 1.500 0 0 1 8 4.500V13a1.500 1.500 0 0 0-1.500-1h-4zM13.500 3h-4A1.500 1.500 0 0 0 8 4.500V13a1.500 1.500 0 0 1 1.500-1h4z',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.700 10.700 14 14',
  sun: 'M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9',
  moon: 'M13.500 9.600A5.800 5.800 0 0 1 6.400 2.500a5.800 5.800 0 1 0 7.100 7.100z',
  chevron: 'M4.500 6.500 8 10l3.500-3.500',
  right: 'M6.500 4.500 10 8l-3.500 3.500',
  left: 'M9.500 4.500 6 8l3.500 3.500',
  menu: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h11',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3.500 8.500 6.500 11.500 12.500 5',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.800V8l2.200 1.500',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3l7.500 5L5 13z',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  download: 'M8 2.500v7.500M4.800 7 8 10.200 11.200 7M2.500 13.500h11',
  external: 'M9.500 2.500h4v4M13.300 2.700 7.500 8.500M11.500 9.500v4h-9v-9h4',
  keyboard: 'M1.800 4h12.400v8H1.800zM4.500 6.800h.01M7 6.800h.01M9.500 6.800h.01M12 6.800h.01M5 9.500h6',
  warning: 'M8 2.200 14.500 13.500h-13zM8 6.500v3M8 11.500h.01',
  zoomOut: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.700 10.700 14 14M4.800 7h4.400',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
