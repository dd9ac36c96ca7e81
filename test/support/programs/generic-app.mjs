// An app that knows nothing of draining. Answers after DELAY_MS, leaves at SIGTERM, and counts what runs at
// /metrics on its second port, if METRICS is on.
import { createServer } from 'node:http';

const delayMs = Number(process.env.DELAY_MS ?? 5);
let inFlight = 0;
let served = 0;

const app = createServer((request, response) => {
  inFlight += 1;
  response.on('close', () => {
    inFlight -= 1;
    served += 1;
  });
  setTimeout(() => response.end('coffee\n'), delayMs);
});
const metrics = createServer((_request, response) => {
  response.end(
    `# TYPE busy gauge\nbusy{kind="http"} ${inFlight}\n# TYPE served_total counter\nserved_total ${served}\n`,
  );
});

app.listen(0, '127.0.0.1', () => {
  metrics.listen(0, '127.0.0.1', () => {
    console.log(
      JSON.stringify({ msg: 'listening', port: app.address().port, metricsPort: metrics.address().port }),
    );
  });
});
