using System.Collections.Frozen;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>All functions of the language.</summary>
internal static class Library
{
    private static readonly FrozenDictionary<string, Function> All = new[]
    {
        TextFunctions.All, EncodingFunctions.All, ListFunctions.All, ObjectFunctions.All, LambdaFunctions.All, LogicFunctions.All,
        NumberFunctions.All, DateFunctions.All, CidrFunctions.All, ScopeFunctions.All, ResourceFunctions.All, RuntimeFunctions.All,
    }.SelectMany(f => f).ToFrozenDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    /// <exception cref="TemplateException">There is no such function.</exception>
    public static Function Find(string name) =>
        All.GetValueOrDefault(name) ?? RuntimeFunctions.ListAction(name) ?? throw Unknown(name);

    public static TemplateException Unknown(string name) =>
        TemplateException.Expression($"The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for usage details.");
}
