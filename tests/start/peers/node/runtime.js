// The loop of a custom runtime, as AWS's guide has it. The official one (aws-lambda-ric) wants Node.js 22.

import http from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}` }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

export async function serve(handle) {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const requestId = headers["lambda-runtime-aws-request-id"];
    const functionArn = headers["lambda-runtime-invoked-function-arn"];
    const deadline = new Date(Number(headers["lambda-runtime-deadline-ms"])).toISOString();
    try {
      const answer = await handle(JSON.parse(body), { requestId, functionArn, deadline });
      await call("POST", `invocation/${requestId}/response`, JSON.stringify(answer));
    } catch ({ name, message }) {
      await call("POST", `invocation/${requestId}/error`, JSON.stringify({ errorType: name, errorMessage: message }));
    }
  }
}
