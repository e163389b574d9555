// Runs the queries of a JSON list on standard input, and prints their rows as JSON.
const { DuckDBInstance } = require('@duckdb/node-api');
const { readFileSync } = require('fs');
(async () => {
  const db = await (await DuckDBInstance.create(':memory:')).connect();
  const all = [];
  for (const query of JSON.parse(readFileSync(0, 'utf8'))) {
    all.push((await db.runAndReadAll(query)).getRowsJson());
  }
  console.log(JSON.stringify(all));
})();
