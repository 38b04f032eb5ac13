# A machine that has no iptables at first, with a stand-in for k3s: what that sees and when it may run are written to /out/log. Once k3s
# runs the machine switches itself off.
mkdir -p "$units/k3s-agent.service.d" "$units/ebb-metadata-guard.service.d"
cp "$given"/ebb-metadata-guard.service "$units/"
cp "$given"/ebb-metadata-guard.conf "$units/k3s-agent.service.d/"
printf "[Service]\nRestartSec=1\n" > "$units/ebb-metadata-guard.service.d/soon.conf"
mv "$m/usr/sbin/iptables" "$m/usr/sbin/iptables-later"

cat > "$m/usr/local/bin/birth" <<"BIRTH"
#!/bin/bash
systemctl start --no-block k3s-agent
until [ "$(systemctl show --property=NRestarts --value ebb-metadata-guard)" -ge 3 ]; do sleep 0.1; done
echo "iptables comes" >> /out/log
mv /usr/sbin/iptables-later /usr/sbin/iptables
until systemctl is-active --quiet k3s-agent; do sleep 0.1; done
systemctl --no-block poweroff
BIRTH

cat > "$m/usr/local/bin/k3s" <<"K3S"
#!/bin/bash
echo "k3s runs: guard $(systemctl is-active ebb-metadata-guard), $(iptables -t raw -S PREROUTING | grep -c DROP) rules" >> /out/log
systemd-notify --ready
exec sleep 1000
K3S
chmod 755 "$m"/usr/local/bin/*

printf "[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=0\nRestart=always\nRestartSec=1\nExecStart=/usr/local/bin/k3s\n" > "$units/k3s-agent.service"
printf "[Service]\nExecStart=/usr/local/bin/birth\n" > "$units/birth.service"
for unit in ebb-metadata-guard birth; do ln -sf "/etc/systemd/system/$unit.service" "$wants/"; done
boot
