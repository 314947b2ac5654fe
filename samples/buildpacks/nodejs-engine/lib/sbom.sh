# shellcheck shell=bash

# Writes the SBOM of a layer that holds one npm package, as CycloneDX and as SPDX. The same package gives the same bytes:
# no clock and no random number goes in.
# Usage: write_sbom LAYER_DIR NAME PACKAGE VERSION SHA512 LICENSE
write_sbom() {
  local layer_dir=$1 name=$2 package=$3 version=$4 sha512=$5 license=$6
  local purl=pkg:npm/$package@$version
  cat > "$layer_dir.sbom.cdx.json" <<JSON
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "components": [
    {
      "type": "application",
      "bom-ref": "$purl",
      "name": "$name",
      "version": "$version",
      "purl": "$purl",
      "hashes": [{ "alg": "SHA-512", "content": "$sha512" }],
      "licenses": [{ "license": { "id": "$license" } }]
    }
  ]
}
JSON
  cat > "$layer_dir.sbom.spdx.json" <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "$name@$version",
  "documentNamespace": "https://spdx.org/spdxdocs/$package-$version-$sha512",
  "creationInfo": { "created": "1980-01-01T00:00:01Z", "creators": ["Tool: samples/nodejs-engine"] },
  "documentDescribes": ["SPDXRef-Package"],
  "packages": [
    {
      "SPDXID": "SPDXRef-Package",
      "name": "$name",
      "versionInfo": "$version",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "$license",
      "copyrightText": "NOASSERTION",
      "checksums": [{ "algorithm": "SHA512", "checksumValue": "$sha512" }],
      "externalRefs": [
        { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "$purl" }
      ]
    }
  ]
}
JSON
}
