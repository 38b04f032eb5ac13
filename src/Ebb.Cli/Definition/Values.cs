using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Ebb.Cli.Definition.Shapes;
using Ebb.Scheduling;

namespace Ebb.Cli.Definition;

/// <summary>The forms that values of an ebb.yaml have.</summary>
internal static partial class Values
{
    private const string Octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

    private const string Octets = $@"{Octet}(\.{Octet}){{3}}";

    private const string Guid = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";

    // Of a label or taint: an optional DNS name and '/', then a name.
    private const string KubernetesKey = @"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";

    private const string KubernetesValue = "([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?";

    private const int OldestKubelet = 20;

    private static readonly TimeSpan LongestSpan = TimeSpan.FromDays(30);

    // What Azure's documentation lists, of those that the form admits.
    private static readonly HashSet<string> AzureRefuses =
    [
        "admin", "administrator", "actuser", "adm", "admin1", "admin2", "aspnet", "backup", "console", "david", "guest", "john", "owner", "root",
        "server", "sql", "support", "support_388945a0", "sys", "test", "test1", "test2", "test3", "user", "user1", "user2", "user3", "user4", "user5",
    ];

    // A share mounted over these would hide what the machine needs.
    private static readonly HashSet<string> TheSystems =
    [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr",
    ];

    /// <summary>Letters, digits and single dashes.</summary>
    public static TextShape<string> Name(int least, int most) => Text.Of(
        $"{least} to {most} lower-case letters, digits and single dashes, a letter first, no dash last",
        "[a-z](-?[a-z0-9])*",
        text => text.Length < least ? $"'{text}' is too short; write at least {least} letters." : null,
        most);

    public static TextShape<string> ShareName { get; } = Text.Of(
        "3 to 63 lower-case letters, digits and single dashes",
        "[a-z0-9](-?[a-z0-9])*",
        text => text.Length < 3 ? $"'{text}' is too short; a share's name has at least 3 letters." : null,
        63);

    public static TextShape<string> Region { get; } = Text.Of(
        "the region's name in lower case without spaces, for example westeurope ('ebb list locations' shows them)", "[a-z][a-z0-9]{1,39}", longest: 40);

    public static TextShape<string> Endpoint { get; } = Text.Of(
        "sandbox, or the https address of a resource manager such as https://management.chinacloudapi.cn",
        @"sandbox|https://[A-Za-z0-9.-]{1,200}(:[0-9]{1,5})?/?",
        text => text == CloudDefinition.Sandbox || Uri.TryCreate(text, UriKind.Absolute, out _) ? null : $"'{text}' is no address; write https://HOST.");

    public static TextShape<string> Identifier { get; } = Text.Of("an id such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427", Guid);

    public static TextShape<string> Group { get; } = Text.Of(
        "1 to 90 letters, digits and any of _ - . ( ), no dot last", @"[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]", longest: 90);

    public static TextShape<string> Size { get; } = Text.Of(
        "the size's name as Azure writes it, for example Standard_D4s_v5 ('ebb list sizes' shows them)", "(Standard|Basic)_[A-Z][A-Za-z0-9_-]{0,59}", longest: 64);

    public static TextShape<string> Version { get; } = Text.Of(
        "a release such as v1.31.5+k3s1, or v1.31.5 for distribution kubelet",
        @"v1\.[0-9]{1,3}\.[0-9]{1,3}(-rc[0-9]{1,2})?(\+k3s[0-9]{1,2})?",
        text => TooOld(text, text.Contains("+k3s", StringComparison.Ordinal) ? $"v1.{K3sSupport.OldestMinor}.0+k3s1" : $"v1.{OldestKubelet}.0"));

    public static TextShape<string> Channel { get; } = Text.Of(
        "stable, latest, testing, or a minor release such as v1.31",
        @"stable|latest|testing|v1\.[0-9]{2,3}",
        text => text.StartsWith('v') ? TooOld(text, $"v1.{K3sSupport.OldestMinor}") : null);

    public static TextShape<TimeSpan> Span { get; } = new(
        "a time of at most 30 days such as 90s, 10m, 2h or 1h30m",
        "([0-9]{1,6}h([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}m([0-9]{1,6}s)?|[0-9]{1,6}s)",
        ParseSpan,
        FormatSpan,
        text => ParseSpan(text) > LongestSpan ? $"'{text}' is longer than 30 days; write at most 720h." : null,
        longest: 21);

    public static TextShape<string> LabelKey { get; } = Text.Of(
        "a label's name: at most 63 letters, digits and any of . _ -, with or without a domain and '/' before it", KubernetesKey, Reserved, 317);

    public static TextShape<string> LabelValue { get; } = Text.Of(
        "at most 63 letters, digits and any of . _ -, a letter or digit first and last", KubernetesValue, longest: 63);

    public static TextShape<Taint> Taint { get; } = new(
        "KEY=VALUE:EFFECT or KEY:EFFECT, for example gpu=yes:NoSchedule; effects are NoSchedule, PreferNoSchedule and NoExecute",
        $"{KubernetesKey}(={KubernetesValue})?:(NoSchedule|PreferNoSchedule|NoExecute)",
        ParseTaint,
        taint => $"{taint.Key}={taint.Value}:{taint.Effect}",
        text => Reserved(ParseTaint(text).Key),
        400);

    public static TextShape<string> Account { get; } = Text.Of("3 to 24 lower-case letters and digits", "[a-z0-9]{3,24}", longest: 24);

    public static TextShape<string> DnsLabel { get; } = Text.Of(
        "3 to 63 lower-case letters, digits and dashes, a letter first, no dash last", "[a-z][a-z0-9-]{1,61}[a-z0-9]", longest: 63);

    public static TextShape<string> Directory { get; } = Text.Of(
        "an absolute path of letters, digits and any of . _ -, for example /srv", "(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", NotTheSystems, 100);

    public static TextShape<string> User { get; } = Text.Of(
        "1 to 31 lower-case letters, digits, _ and -, a letter first",
        "[a-z][a-z0-9_-]{0,30}",
        text => AzureRefuses.Contains(text) ? $"Azure takes no user named '{text}'; write another, for example ebb." : null,
        31);

    public static TextShape<string> Path { get; } = Text.Of("a file's path", @"[^\x00-\x1f\x7f$]{1,1000}", longest: 1000);

    public static TextShape<string> Image { get; } = Text.Of(
        "ubuntu-24.04, ubuntu-22.04, debian-12, or PUBLISHER:OFFER:SKU:VERSION of an image for cloud-init ('ebb list images' shows them)",
        @"ubuntu-24\.04|ubuntu-22\.04|debian-12|[A-Za-z0-9._-]{1,80}(:[A-Za-z0-9._-]{1,80}){3}",
        longest: 330);

    public static TextShape<string> TimeZone { get; } = Text.Of(
        "a time zone's name such as Etc/UTC or Europe/Lisbon", "[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,32}){0,2}");

    public static TextShape<string> Package { get; } = Text.Of("a package's name such as htop", "[a-z0-9][a-z0-9.+-]{1,99}", longest: 100);

    public static TextShape<string> Command { get; } = Text.Of("a shell command", @"[\s\S]*\S[\s\S]*", longest: 4096);

    public static TextShape<IPNetwork> Range { get; } = new(
        "an IPv4 range such as 10.1.0.0/16",
        $"{Octets}/(3[0-2]|[12]?[0-9])",
        ParseRange,
        range => range.ToString(),
        text => ParseRange(text) is var range && range.ToString() != text
            ? $"{text} has bits set beyond its first {range.PrefixLength}; write {range}."
            : null);

    /// <summary>A word or a range, see <see cref="Sources"/>.</summary>
    public static TextShape<string> Source { get; } = Text.Of(
        "own-address, cloudflare, anyone, or a range such as 203.0.113.0/24 or 2001:db8::/32",
        "own-address|cloudflare|anyone|[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?",
        text => text is "own-address" or "cloudflare" or "anyone" ? null : SourceProblem(text));

    public static IPNetwork ParseSource(string text) => IPNetwork.Parse(
        text.Contains('/', StringComparison.Ordinal) ? text : $"{text}/{(text.Contains(':', StringComparison.Ordinal) ? 128 : 32)}");

    private static string? TooOld(string release, string oldest) =>
        MinorOf(release) < MinorOf(oldest) ? $"'{release}' is older than Ebb supports; write {oldest} or newer." : null;

    private static int MinorOf(string release) => int.Parse(release.Split('.')[1], CultureInfo.InvariantCulture);

    private static string? NotTheSystems(string path)
    {
        var first = path.Split('/')[1];
        return TheSystems.Contains(first) || path is "/home" or "/var" or "/opt" or "/mnt" or "/mnt/scratch"
                || path.StartsWith("/var/lib", StringComparison.Ordinal) || path.StartsWith("/mnt/scratch/", StringComparison.Ordinal)
            ? $"{path} is the system's own; write another place, for example /srv/{first}."
            : null;
    }

    private static string? Reserved(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var domain = slash < 0 ? "" : key[..slash];
        if (domain is "ebb.dev" || domain.EndsWith(".ebb.dev", StringComparison.Ordinal))
        {
            return $"'{key}' is for Ebb itself; use a domain of your own.";
        }

        // Kubernetes lets a node give itself only these of its own domains.
        return IsOf(domain, "kubernetes.io") || IsOf(domain, "k8s.io")
            ? domain is "node-role.kubernetes.io" || IsOf(domain, "node.kubernetes.io") || IsOf(domain, "kubelet.kubernetes.io")
                ? null
                : $"'{key}' is for Kubernetes itself; use a domain of your own, or node-role.kubernetes.io/ROLE for a role."
            : null;
    }

    private static bool IsOf(string domain, string parent) => domain == parent || domain.EndsWith("." + parent, StringComparison.Ordinal);

    private static TimeSpan ParseSpan(string text)
    {
        var match = SpanParts().Match(text);

        // At most six digits each: no overflow.
        double Part(string unit) => match.Groups[unit] is { Success: true } g ? int.Parse(g.ValueSpan, CultureInfo.InvariantCulture) : 0;
        return TimeSpan.FromHours(Part("h")) + TimeSpan.FromMinutes(Part("m")) + TimeSpan.FromSeconds(Part("s"));
    }

    private static string FormatSpan(TimeSpan span) =>
        string.Concat(
            span >= TimeSpan.FromHours(1) ? $"{(int)span.TotalHours}h" : "",
            span.Minutes > 0 ? $"{span.Minutes}m" : "",
            span.Seconds > 0 || span == TimeSpan.Zero ? $"{span.Seconds}s" : "");

    private static Taint ParseTaint(string text)
    {
        var colon = text.LastIndexOf(':');
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return new Taint(
            text[..(equals < 0 ? colon : equals)],
            equals < 0 ? "" : text[(equals + 1)..colon],
            Enum.Parse<TaintEffect>(text[(colon + 1)..]));
    }

    /// <summary>The range with the bits beyond its prefix cleared.</summary>
    private static IPNetwork ParseRange(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var prefix = int.Parse(text[(slash + 1)..], CultureInfo.InvariantCulture);
        return Addresses.Network(Addresses.Number(IPAddress.Parse(text[..slash])), prefix);
    }

    private static string? SourceProblem(string text)
    {
        var parts = text.Split('/');
        if (!IPAddress.TryParse(parts[0], out var address) || (!parts[0].Contains(':', StringComparison.Ordinal) && parts[0].Split('.').Length != 4))
        {
            return $"'{text}' is no address; write a range such as 203.0.113.0/24 or 2001:db8::/32.";
        }

        var most = address.GetAddressBytes().Length * 8;
        if (parts.Length > 1 && (!int.TryParse(parts[1], CultureInfo.InvariantCulture, out var prefix) || prefix > most))
        {
            return $"'{text}' has a prefix beyond {most}; write for example {parts[0]}/{most}.";
        }

        // Parsing clears the bits beyond the prefix.
        var range = ParseSource(text);
        return range.BaseAddress.Equals(address) ? null : $"'{text}' has bits set beyond its first {range.PrefixLength}; write {range}.";
    }

    [GeneratedRegex(@"\A((?<h>[0-9]+)h)?((?<m>[0-9]+)m)?((?<s>[0-9]+)s)?\z")]
    private static partial Regex SpanParts();
}
