#!/bin/sh
# Makes this machine a node: asks the metadata service who it is, gives its pods a network, starts runtime and kubelet.
# Everything is written so that the machine comes back as the same node when it boots again.
set -eu

metadata() {
  curl -fsS --noproxy '*' --retry 30 --retry-delay 1 --retry-all-errors -H Metadata:true \
    "http://169.254.169.254/metadata/instance/$1?api-version=2021-02-01&format=text"
}

id=$(metadata compute/resourceId)
size=$(metadata compute/vmSize)
region=$(metadata compute/location)
zone=$(metadata compute/zone)
address=$(metadata network/interface/0/ipv4/ipAddress/0/privateIpAddress)

# As the cloud's own controllers write it: the resource group in lower case.
provider=$(echo "$id" | awk -F/ -v OFS=/ '{ $5 = tolower($5); print "azure://" $0 }')
labels="$EBB_LABELS,node.kubernetes.io/instance-type=$size,topology.kubernetes.io/region=$region"
if [ -n "$zone" ]; then labels="$labels,topology.kubernetes.io/zone=$region-$zone"; fi
cat > /etc/default/kubelet <<EOF
EBB_NODE=--provider-id=$provider --node-ip=$address --node-labels=$labels${EBB_TAINTS:+ --register-with-taints=$EBB_TAINTS}
EOF

# Pods have 128 addresses in the upper half of 10.0.0.0/8, by the last half of the machine's own.
pods=$(echo "$address" | awk -F. '{ at = ($3 * 256 + $4) % 57344 * 128
  printf "10.%d.%d.%d/25", 128 + int(at / 65536), int(at / 256) % 256, at % 256 }')
mkdir -p /etc/cni/net.d
cat > /etc/cni/net.d/10-ebb.conflist <<EOF
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "$pods" }]], "routes": [{ "dst": "0.0.0.0/0" }] }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
EOF

systemctl daemon-reload
systemctl enable containerd kubelet
systemctl restart containerd
for archive in "$EBB_IMAGES"/*.tar; do
  if [ -e "$archive" ]; then ctr --namespace k8s.io images import "$archive"; fi
done
systemctl start --no-block kubelet
