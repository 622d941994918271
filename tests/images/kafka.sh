# As Kafka's own image does: KAFKA_NODE_ID becomes node.id, then its storage is made and it starts.
set -eu
properties=/tmp/server.properties
env | grep '^KAFKA_[A-Z]' | grep -v HEAP_OPTS | while IFS='=' read -r name value; do
    key=$(echo "${name#KAFKA_}" | tr 'A-Z_' 'a-z.')
    echo "$key=$value"
done > "$properties"
export JAVA_TOOL_OPTIONS="${KAFKA_HEAP_OPTS:--Xmx512m}" CLASSPATH="/opt/kafka/libs/*"
java kafka.tools.StorageTool format --ignore-formatted -t c2cTestClusterAAAAAAAA -c "$properties"
exec java kafka.Kafka "$properties"
