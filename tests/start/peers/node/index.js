// functions/websites/register-website in JavaScript: the ledger's two writes and two looks at the fence, around the provider's calls.

import { createHash } from "node:crypto";

import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { serve } from "./runtime.js";

const { DEPLOYMENT, LEDGER_TABLE, TENANTS_TABLE, WEBSITES_TOKEN_SECRET, WEBSITES_URL } = process.env;
const STEP = "websites-register-website";

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

const db = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 2 }), {
  marshallOptions: { removeUndefinedValues: true },
});
const secret = new GetSecretValueCommand({ SecretId: WEBSITES_TOKEN_SECRET });
const token = new SecretsManagerClient({ maxAttempts: 2 }).send(secret).then((answer) => answer.SecretString);

async function write(row, condition, values) {
  const request = { TableName: LEDGER_TABLE, Item: row, ConditionExpression: condition, ExpressionAttributeValues: values };
  try {
    await db.send(new PutCommand(request));
  } catch (error) {
    throw error instanceof ConditionalCheckFailedException ? new Fault("NotReady", "the row is another call's") : error;
  }
}

async function checkFence({ operation, tenant }) {
  const Key = { pk: tenant.id, sk: `OPERATION#${operation}` };
  const { Item } = await db.send(new GetCommand({ TableName: TENANTS_TABLE, Key, ConsistentRead: true }));
  if (!Item || Item.fenced_at) throw new Fault("Fenced", "the operation was stopped");
}

async function ask(path, init) {
  const headers = { authorization: `Bearer ${await token}`, "content-type": "application/json" };
  const answer = await fetch(`${WEBSITES_URL}/${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Fault(answer.status < 500 ? "Terminal" : "Transient", `websites answered ${answer.status}`);
  return answer.json();
}

async function register({ tenant, params }, owner) {
  const { data } = await ask(`websites?tenant_id=${encodeURIComponent(owner)}`);
  const found = data.find((website) => website.tenant_id === owner);
  const domain = `${tenant.subdomain}.${params.domain}`;
  const body = { name: tenant.name, domain, tenant_id: owner, subscription_id: null, tier: tenant.plan.id, status: "active" };
  return found ?? (await ask("websites", { method: "POST", body: JSON.stringify(body) }));
}

async function handle(event, { requestId, functionArn, deadline }) {
  const { operation, tenant, params } = event;
  const [owner, now] = [`${DEPLOYMENT}/${tenant.id}`, new Date().toISOString()];
  const input = createHash("sha256").update(JSON.stringify([tenant, params])).digest("hex").slice(0, 32);
  const row = {
    pk: tenant.id, sk: `RESOURCE#${STEP}`, row_version: 1, tenant: tenant.id, step: STEP, state: "intended", made_by: operation,
    operation, handle: { website: owner }, input, destroyer: functionArn, lease: { holder: requestId, until: deadline },
    attempts: 1, busy_ms: 0, intended_at: now, begun_at: now, changed_at: now,
  };
  await write(row, "attribute_not_exists(pk)");
  await checkFence(event);
  const clock = Date.now();
  const { id } = await register(event, owner);
  await checkFence(event);
  const at = new Date().toISOString();
  const live = { ...row, row_version: 2, state: "live", output: { id }, lease: undefined, busy_ms: Date.now() - clock };
  await write({ ...live, live_at: at, changed_at: at }, "row_version = :v", { ":v": 1 });
  console.log(JSON.stringify({ "step.name": STEP, "tenant.id": tenant.id, "execution.id": operation, message: "done" }));
  return { id };
}

serve(handle);
