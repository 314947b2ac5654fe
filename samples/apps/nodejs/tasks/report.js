'use strict';

// A one-off task: prints what the image holds, then ends.
const { version } = require('express/package.json');

console.log(JSON.stringify({ node: process.version, express: version, arguments: process.argv.slice(2) }));
