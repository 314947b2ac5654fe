'use strict';

const express = require('express');

const app = express();

app.get('/', (request, response) => {
  const name = request.query.name ?? 'world';
  response.json({ message: `Hello, ${name}!`, node: process.version, environment: app.get('env') });
});

const server = app.listen(process.env.PORT ?? 8080, (error) => {
  if (error) throw error;
  console.log(`Listening on port ${server.address().port}`);
});

// A container is stopped with SIGTERM; requests under way are answered first.
process.on('SIGTERM', () => server.close());
