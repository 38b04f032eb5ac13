# The units of a pool's machine, with stand-ins for the agent and for k3s that write to /out/log what they see; it is switched off.
cp "$given"/ebb-agent.service "$given"/ebb-containers.service "$given"/ebb-metadata-guard.service "$units/"
echo "print(\"there already\")" > "$m/usr/local/lib/ebb/fetch-agent"

cat > "$m/usr/local/bin/ebb-agent" <<"AGENT"
#!/bin/bash
state() { echo "k3s-agent $(systemctl is-active k3s-agent), network $(systemctl is-active systemd-networkd), share $(mountpoint -q /srv && echo mounted || echo gone)"; }
stop() {
  echo "agent is told: $(state)" >> /out/log
  sleep 2
  echo "agent has left: $(state)" >> /out/log
  exit 0
}
trap stop TERM
mount -t tmpfs tmpfs /srv
echo "agent runs" >> /out/log
systemctl start --no-block k3s-agent
while :; do sleep 0.1; done
AGENT

cat > "$m/usr/local/bin/k3s" <<"K3S"
#!/bin/bash
echo "k3s runs" >> /out/log
sleep 1000 &
trap "echo k3s stops >> /out/log; exit 0" TERM
wait
K3S

cat > "$m/usr/local/bin/k3s-killall.sh" <<"KILLALL"
#!/bin/bash
echo "containers end: k3s-agent $(systemctl is-active k3s-agent)" >> /out/log
pkill sleep
KILLALL
chmod 755 "$m"/usr/local/bin/*

printf "[Unit]\nWants=network-online.target\nAfter=network-online.target\n[Service]\nKillMode=process\nExecStart=/usr/local/bin/k3s\n" \
  > "$units/k3s-agent.service"
printf "[Unit]\nAfter=ebb-agent.service\n[Service]\nType=oneshot\nExecStart=/bin/sh -c \"sleep 2; iptables -t raw -S > /out/iptables; systemctl --no-block poweroff\"\n" \
  > "$units/switch-off.service"
for unit in ebb-agent ebb-containers ebb-metadata-guard switch-off; do ln -sf "/etc/systemd/system/$unit.service" "$wants/"; done
ln -sf /lib/systemd/system/systemd-networkd.service "$wants/"
boot
