using System.Diagnostics;

namespace Ebb.Tests.Cli.Provisioning.Orders;

// Its k3s and systemd, as far as the program asks them.
internal sealed partial class OrderedMachine
{
    private const string Systemctl = """
        # A store opens to nothing but the password that it is sealed with.
        sealed="$EBB_ROOT/k3s-sealed"
        case "$*" in
          *"start --no-block k3s.service"|*"restart k3s.service"|*"restart --no-block k3s.service")
            password=$(head -n 1 "$EBB_ROOT/etc/ebb/k3s/token")
            [ -f "$sealed" ] || echo "$password" > "$sealed"
            if [ "$password" = "$(cat "$sealed")" ]; then
              cp "$EBB_ROOT/k3s-installed" "$EBB_ROOT/k3s-running"
            else
              rm -f "$EBB_ROOT/k3s-running"
              case "$*" in *--no-block*) ;; *) exit 1;; esac
            fi;;
          "stop k3s.service") rm -f "$EBB_ROOT/k3s-running";;
        esac
        """;

    /// <summary>What its k3s does besides what it is asked all the time.</summary>
    public void K3s(string then) => Command(
        "k3s",
        $"""
        {then}
        [ "$1" != etcd-snapshot ] || [ -f "$EBB_ROOT/k3s-running" ] || exit 1
        {Asked}
        """,
        before: """
            case "$*" in
              --version) [ -f "$EBB_ROOT/k3s-installed" ] || exit 1; echo "k3s version $(cat "$EBB_ROOT/k3s-installed") (0a1b2c3d)"; exit 0;;
              *--raw=/version*) [ -f "$EBB_ROOT/k3s-running" ] || exit 1; echo "{\"gitVersion\": \"$(cat "$EBB_ROOT/k3s-running")\"}"; exit 0;;
              *--raw=/readyz*) [ -f "$EBB_ROOT/k3s-running" ] || exit 1; echo ok; exit 0;;
            esac
            """);

    // What only a server that runs can be asked, by whoever has the password that its store is sealed with.
    private const string Asked = """
        password=$K3S_TOKEN new= asked="$1 $2"
        while [ $# -gt 0 ]; do
          case "$1" in
            --token) password=$2;;
            --new-token) new=$2;;
          esac
          shift
        done
        case "$asked" in
          "token rotate"|"secrets-encrypt status")
            [ -f "$EBB_ROOT/k3s-running" ] && [ "$password" = "$(cat "$EBB_ROOT/k3s-sealed")" ] || exit 1
            if [ "$asked" = "token rotate" ]; then echo "$new" > "$EBB_ROOT/k3s-sealed"; else echo 'Encryption Status: Enabled'; fi
            exit 0;;
        esac
        """;

    /// <summary>What its store is sealed with.</summary>
    public string Sealed
    {
        get => Lab.Read("k3s-sealed").Trim();
        set => Lab.Write("k3s-sealed", value + "\n");
    }

    public bool K3sRuns => File.Exists(Lab.At("k3s-running"));

    /// <summary>The power comes back, and k3s starts as far as it can.</summary>
    public void Boot()
    {
        File.Delete(Lab.At("k3s-running"));
        using var start = Process.Start(new ProcessStartInfo(Lab.At("commands/systemctl"), ["start", "--no-block", "k3s.service"]) { Environment = { ["EBB_ROOT"] = Lab.Root } })!;
        start.WaitForExit();
    }
}
