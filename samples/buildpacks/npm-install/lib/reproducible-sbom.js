'use strict';

// Copies an SBOM written by `npm sbom` from standard input to standard output, with constants in place of the clock's
// time and the random number in it. The argument is a checksum that stands for the packages listed.
const { readFileSync } = require('node:fs');

const key = process.argv[2];
const sbom = JSON.parse(readFileSync(0, 'utf8'));

if (sbom.bomFormat === 'CycloneDX') {
  delete sbom.serialNumber;
  delete sbom.metadata.timestamp;
} else {
  sbom.documentNamespace = `https://spdx.org/spdxdocs/${sbom.name}-${key}`;
  sbom.creationInfo.created = '1980-01-01T00:00:01Z';
}

console.log(JSON.stringify(sbom, null, 2));
