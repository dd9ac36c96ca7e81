/** What a test starts is found by its temp folder alone, beside whatever the user runs. */
export default function globalSetup() {
  delete process.env.XDG_RUNTIME_DIR;
}
