#!/bin/bash
# Plants twenty-one bugs into copies of the kernels, one at a time, and shows which mode of the emulator finds each first; fails when
# one is not found. Takes some minutes: every bug is a build of the emulator. Needs g++, JAVA_HOME at a JDK 25, and classes:
#   mvn test-compile -pl native -am && native/src/test/native/planted-bugs.sh [NUMBER]
set -euo pipefail
cd "$(dirname "$0")/../../.."
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
exec "$java" --enable-native-access=ALL-UNNAMED -cp target/classes:target/test-classes \
  dev.quern.cuda.kernel.PlantedBugs "$@"
