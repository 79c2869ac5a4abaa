# error 3:3: $RIP has no plain value here: write what it stands for
for RIP in 1 2; do
  ipvsadm -a -t 192.0.2.1:80 -r $RIP
done
