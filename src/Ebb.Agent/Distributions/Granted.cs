using Ebb.Joining;

namespace Ebb.Agent.Distributions;

/// <summary>What is written into files and command lines of the machine has the form that it must have there.</summary>
internal static class Granted
{
    /// <exception cref="EbbException">A value would break the file or command line that it goes to.</exception>
    public static void Check(JoinAnswer granted)
    {
        if (granted.Node.Length is 0 or > 253 || !granted.Node.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
        {
            throw Wrong("name of a node", granted.Node);
        }

        if (granted.Servers.Count == 0)
        {
            throw new EbbException("The join server named no API server.");
        }

        foreach (var server in granted.Servers)
        {
            if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            {
                throw Wrong("address of an API server", server);
            }
        }

        foreach (var word in granted.Labels.SelectMany(label => new[] { label.Key, label.Value }).Concat(granted.Taints).Append(granted.ProviderId))
        {
            if (word.Any(c => c is <= ' ' or >= '\x7f' or ',' or '"' or '\'' or '\\' or '$' or '`'))
            {
                throw Wrong("label, taint or provider id", word);
            }
        }

        if (granted.Token.Any(c => c is <= ' ' or >= '\x7f'))
        {
            throw new EbbException("The join server gave a token that is none.");
        }
    }

    private static EbbException Wrong(string what, string value) => new($"The join server gave '{value}' for a {what}, which it cannot be.");
}

/// <summary>Text in files that are YAML or TOML.</summary>
internal static class Text
{
    /// <summary>In quotes, as both read it.</summary>
    public static string Quoted(string value) =>
        $"\"{System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";
}
