/** Playgrounds of a test are found by their temp folder alone: not those of the person at the desk. */
export default function globalSetup() {
  delete process.env.XDG_RUNTIME_DIR;
}
